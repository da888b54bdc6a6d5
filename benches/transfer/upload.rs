//! How fast do files get in?

use anyhow::{Context, Result};

use crate::{
    Scene,
    contestants::{Kind, Life},
    figures, floors,
    measure::{Sample, measured},
    results::{Figure, Results},
    source::{Load, Source},
};

/// A few files of both sizes, so that pools, caches and just-in-time compilers are warm.
pub async fn warm_up(life: &Life, source: &Source) -> Result<()> {
    match &life.target {
        Some(target) => target.upload_all("warm", &source.warm_up(), 8, false).await.map(drop),
        None => Ok(()),
    }
}

/// Uploads the files of a scene.
pub async fn play(life: &mut Life, scene: Scene, source: &Source, results: &mut Results) -> Result<()> {
    let load = source.load(scene);
    let sample = upload(life, scene, &load, source).await.with_context(|| format!("{scene:?}"))?;
    let (kind, seconds) = (life.kind, sample.took.as_secs_f64());
    let gibibytes = load.bytes() as f64 / f64::from(1 << 30);
    let mut put = |figure, value: f64| results.put(scene, kind, figure, value);
    put(Figure::Seconds, seconds);
    put(Figure::MegabytesPerSecond, load.bytes() as f64 / 1e6 / seconds);
    put(Figure::FilesPerSecond, load.files.len() as f64 / seconds);
    for (figure, cpu) in [(Figure::Cpu, sample.cpu), (Figure::GarageCpu, sample.garage_cpu)] {
        if let Some(cpu) = cpu {
            put(figure, cpu.as_secs_f64() / gibibytes);
        }
    }
    for (figure, peak) in [(Figure::Peak, sample.peak), (Figure::PeakOfTree, sample.peak_of_tree)] {
        if let Some(peak) = peak {
            put(figure, peak);
        }
    }
    Ok(())
}

async fn upload(life: &mut Life, scene: Scene, load: &Load, source: &Source) -> Result<Sample> {
    let name = format!("{scene:?}");
    if let Some(target) = &life.target {
        let in_one = scene == Scene::SmallOnce;
        let (sample, documents) = measured(life, target.upload_all(&name, &load.files, load.at_once, in_one)).await?;
        if scene == Scene::Big {
            life.big_document = documents.into_iter().next().filter(|id| !id.is_empty());
        }
        return Ok(sample);
    }
    source.lay_out(load)?;
    let (from, at_once) = (load.folder.clone(), load.at_once);
    if life.kind == Kind::Disk {
        let to = life.files().join(name);
        return tokio::task::spawn_blocking(move || floors::copy_folder(&from, &to, at_once)).await?;
    }
    let garage = life.garage_id().context("rclone goes to Garage")?;
    let before = figures::cpu_of_tree(garage);
    let bucket = life.bucket().context("rclone goes to Garage")?;
    let mut sample = tokio::task::block_in_place(|| floors::rclone(&from, bucket, &bucket.endpoint, &name, at_once))?;
    sample.garage_cpu = Some(figures::cpu_of_tree(garage).saturating_sub(before));
    Ok(sample)
}
