//! What is known, as Markdown: medians over the rounds, the least and the most behind them, and how the promises fare.

use std::collections::BTreeMap;

use crate::{Scene, contestants::Kind, source::Source};

/// A number that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    Seconds,
    MegabytesPerSecond,
    FilesPerSecond,
    /// Seconds of processor time for a GiB.
    Cpu,
    GarageCpu,
    /// MiB
    Peak,
    /// MiB, children included
    PeakOfTree,
    /// Milliseconds
    Median,
    /// Milliseconds
    Percentile99,
    /// Seconds, over a line of 1 Gbit/s
    LineSeconds,
    MovedMegabytes,
    StoredMegabytes,
}

/// How something is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// `wenshu push`
    Push,
    /// tus, or `rclone copy`
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Nothing of it is there.
    First,
    /// The same folder once more.
    Unchanged,
    /// The same bytes as another file.
    Again,
    /// With 1 MB inserted in the middle.
    Inserted,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Scene(Scene),
    Again(Way, Work),
}

pub struct Results {
    values: BTreeMap<(Row, Kind, Figure), Vec<f64>>,
    failures: Vec<(Kind, String)>,
    loads: [String; 5],
}

impl Results {
    pub fn new(source: &Source) -> Self {
        let scenes = [Scene::Big, Scene::Medium, Scene::Small, Scene::SmallOnce, Scene::Hundred];
        Self { values: BTreeMap::new(), failures: Vec::new(), loads: scenes.map(|scene| source.describe(scene)) }
    }

    pub fn put(&mut self, scene: Scene, kind: Kind, figure: Figure, value: f64) {
        self.put_row(Row::Scene(scene), kind, figure, value);
    }

    pub fn put_again(&mut self, way: Way, work: Work, kind: Kind, figure: Figure, value: f64) {
        self.put_row(Row::Again(way, work), kind, figure, value);
    }

    fn put_row(&mut self, row: Row, kind: Kind, figure: Figure, value: f64) {
        let name = match row {
            Row::Scene(scene) => format!("{scene:?}"),
            Row::Again(way, work) => format!("{way:?} {work:?}"),
        };
        eprintln!("{name:<18} {:<32} {figure:?} {value:.2}", kind.title());
        self.values.entry((row, kind, figure)).or_default().push(value);
    }

    pub fn fail(&mut self, kind: Kind, why: &str) {
        eprintln!("FAILED {}: {why}", kind.title());
        self.failures.push((kind, why.to_owned()));
    }

    /// Whether Wenshu failed in anything.
    pub fn has_failed(&self) -> bool {
        self.failures.iter().any(|(kind, _)| kind.is_ours())
    }

    fn median(&self, row: Row, kind: Kind, figure: Figure) -> Option<f64> {
        let mut values = self.values.get(&(row, kind, figure))?.clone();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        Some(if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 })
    }

    /// A median for reading.
    fn cell(&self, row: Row, kind: Kind, figure: Figure, digits: usize) -> String {
        self.median(row, kind, figure).map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    }

    /// A median with the least and the most.
    fn spread(&self, row: Row, kind: Kind, figure: Figure) -> String {
        let Some(values) = self.values.get(&(row, kind, figure)) else { return "–".to_owned() };
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        format!("{} ({least:.0}–{most:.0})", self.cell(row, kind, figure, 0))
    }

    pub fn print(&self, kinds: &[Kind]) {
        self.print_uploads(kinds);
        self.print_costs(kinds);
        self.print_downloads(kinds);
        self.print_again(kinds);
        self.print_promises(kinds);
        if !self.failures.is_empty() {
            println!("\n### What failed\n");
            for (kind, why) in &self.failures {
                println!("- {}: {}", kind.title(), why.replace('\n', " / "));
            }
        }
    }

    fn print_uploads(&self, kinds: &[Kind]) {
        let [big, medium, small, once, _] = &self.loads;
        println!("\n### Uploads, 8 at a time: median (least–most)\n");
        println!("| | {big}, MB/s | {medium}, MB/s | {small}, files/s | {once}, each in one request, files/s |");
        println!("|---|---:|---:|---:|---:|");
        for kind in kinds {
            let cells = [
                (Scene::Big, Figure::MegabytesPerSecond),
                (Scene::Medium, Figure::MegabytesPerSecond),
                (Scene::Small, Figure::FilesPerSecond),
                (Scene::SmallOnce, Figure::FilesPerSecond),
            ];
            let cells = cells.map(|(scene, figure)| self.spread(Row::Scene(scene), *kind, figure));
            self.print_row(kind.title(), &cells);
        }
    }

    fn print_costs(&self, kinds: &[Kind]) {
        let [big, medium, small, _, hundred] = &self.loads;
        println!(
            "\n### What uploads cost: processor seconds per GiB of the server (+ of Garage), its peak memory in MiB\n"
        );
        println!(
            "What a server does after its answer is included, until it is at rest. Memory is of the server's process; in brackets with its child processes.\n"
        );
        println!("| | {big}, CPU | {medium}, CPU | {small}, CPU | {big}, peak | {hundred} at once, peak | MB/s |");
        println!("|---|---:|---:|---:|---:|---:|---:|");
        for kind in kinds {
            let cpu = |scene| {
                let row = Row::Scene(scene);
                let own = self.cell(row, *kind, Figure::Cpu, 1);
                match self.median(row, *kind, Figure::GarageCpu) {
                    Some(garage) => format!("{own} + {garage:.1}"),
                    None => own,
                }
            };
            let peak = |scene| {
                let own = self.cell(Row::Scene(scene), *kind, Figure::Peak, 0);
                match self.median(Row::Scene(scene), *kind, Figure::PeakOfTree) {
                    Some(tree) => format!("{own} ({tree:.0})"),
                    None => own,
                }
            };
            let rate = self.cell(Row::Scene(Scene::Hundred), *kind, Figure::MegabytesPerSecond, 0);
            let (big, hundred) = (peak(Scene::Big), peak(Scene::Hundred));
            self.print_row(kind.title(), &[cpu(Scene::Big), cpu(Scene::Medium), cpu(Scene::Small), big, hundred, rate]);
        }
    }

    fn print_downloads(&self, kinds: &[Kind]) {
        println!("\n### Downloads: {} whole, and 500 random ranges of 64 KiB, 8 at a time\n", self.loads[0]);
        println!("| | whole, MB/s | CPU s/GiB | ranges, p50 ms | p99 ms |\n|---|---:|---:|---:|---:|");
        let (whole, ranges) = (Row::Scene(Scene::Download), Row::Scene(Scene::Ranges));
        for kind in kinds.iter().copied().filter(|kind| kind.plays(Scene::Download)) {
            let cpu = match self.median(whole, kind, Figure::GarageCpu) {
                Some(garage) => format!("{} + {garage:.1}", self.cell(whole, kind, Figure::Cpu, 1)),
                None => self.cell(whole, kind, Figure::Cpu, 1),
            };
            let cells = [
                self.spread(whole, kind, Figure::MegabytesPerSecond),
                cpu,
                self.cell(ranges, kind, Figure::Median, 2),
                self.cell(ranges, kind, Figure::Percentile99, 2),
            ];
            self.print_row(kind.title(), &cells);
        }
    }

    fn print_again(&self, kinds: &[Kind]) {
        println!(
            "\n### {} again, and with 1 MB inserted in the middle: seconds, MB on the wire, MB added to the store\n",
            self.loads[0]
        );
        println!("| | first | the same folder again | the same bytes as another file | with the inserted megabyte |");
        println!("|---|---:|---:|---:|---:|");
        for kind in kinds.iter().copied().filter(|kind| kind.plays(Scene::Again)) {
            let ways: &[_] = if kind.is_ours() { &[Way::Push, Way::Plain] } else { &[Way::Plain] };
            for way in ways {
                let title = match way {
                    Way::Push => format!("{}, `wenshu push`", kind.title()),
                    Way::Plain if kind.speaks_tus() => format!("{}, plain tus", kind.title()),
                    Way::Plain => kind.title().split(';').next().unwrap_or_default().to_owned(),
                };
                let works = [Work::First, Work::Unchanged, Work::Again, Work::Inserted];
                let cells = works.map(|work| {
                    let row = Row::Again(*way, work);
                    let figures = [
                        (Figure::Seconds, "s", 2),
                        (Figure::LineSeconds, "s over 1 Gbit/s", 2),
                        (Figure::MovedMegabytes, "MB moved", 1),
                        (Figure::StoredMegabytes, "MB stored", 1),
                    ];
                    let known = figures.iter().filter_map(|(figure, unit, digits)| {
                        self.median(row, kind, *figure).map(|value| format!("{value:.digits$} {unit}"))
                    });
                    let known: Vec<String> = known.collect();
                    if known.is_empty() { "–".to_owned() } else { known.join(", ") }
                });
                self.print_row(&title, &cells);
            }
        }
    }

    fn print_row(&self, title: &str, cells: &[String]) {
        println!("| {title} | {} |", cells.join(" | "));
    }

    /// Each promise beside what was measured; those whose contestants did not take part are left out.
    fn print_promises(&self, kinds: &[Kind]) {
        println!("\n### Promises\n\n| | measured | promised | kept |\n|---|---:|---:|---|");
        let ours = [Kind::Wenshu, Kind::WenshuEncrypted, Kind::WenshuGarage];
        for kind in ours.into_iter().filter(|kind| kinds.contains(kind)) {
            for (what, measured, promise) in self.promises_of(kind) {
                let Some(measured) = measured else { continue };
                let (text, is_kept) = match promise {
                    Promise::AtLeast(least, unit) => (format!("≥ {least}{unit}"), measured >= least),
                    Promise::AtMost(most, unit) => (format!("≤ {most}{unit}"), measured <= most),
                };
                let kept = if is_kept { "yes" } else { "**no**" };
                println!("| {}: {what} | {measured:.2} | {text} | {kept} |", kind.title());
            }
        }
    }

    fn promises_of(&self, kind: Kind) -> Vec<(String, Option<f64>, Promise)> {
        use Figure::{Cpu, FilesPerSecond, MegabytesPerSecond, Peak, PeakOfTree, Percentile99, Seconds};
        let value = |scene, kind, figure| self.median(Row::Scene(scene), kind, figure);
        let ratio = |one: Option<f64>, other: Option<f64>| Some(one? / other?);
        let rates =
            [(Scene::Big, MegabytesPerSecond), (Scene::Medium, MegabytesPerSecond), (Scene::Small, FilesPerSecond)];
        let times = |least| Promise::AtLeast(least, " ×");
        let mut all = Vec::new();
        let mut beside = |other: Kind, least: [Option<f64>; 3]| {
            for (number, (scene, figure)) in rates.into_iter().enumerate() {
                if let Some(least) = least[number] {
                    let what = format!("{} beside {}", self.loads[number], other.title());
                    all.push((what, ratio(value(scene, kind, figure), value(scene, other, figure)), times(least)));
                }
            }
        };
        let is_on_garage = kind.uses_garage();
        if is_on_garage {
            beside(Kind::Garage, [Some(1.5), None, None]);
            beside(Kind::TusS3, [Some(3.0); 3]);
        } else {
            beside(Kind::Rustus, [Some(1.0), Some(0.8), Some(0.5)]);
            beside(Kind::TusFile, [Some(1.5); 3]);
        }
        for (number, scene) in [Scene::Big, Scene::Medium].into_iter().enumerate() {
            let what = format!("processor seconds per GiB, {}", self.loads[number]);
            all.push((what, value(scene, kind, Cpu), Promise::AtMost(2.0, " s")));
        }
        let most = Promise::AtMost(128.0, " MiB");
        all.push(("peak memory for one file".into(), value(Scene::Big, kind, Peak), most));
        let most = Promise::AtMost(512.0, " MiB");
        all.push(("peak memory of 100 uploads at once".into(), value(Scene::Hundred, kind, PeakOfTree), most));
        let everything =
            value(Scene::Big, kind, Seconds).or(self.median(Row::Again(Way::Push, Work::First), kind, Seconds));
        for (work, what) in [(Work::Again, "the same bytes again"), (Work::Inserted, "the inserted megabyte")] {
            let pushed = self.median(Row::Again(Way::Push, work), kind, Seconds);
            all.push((format!("{what}, beside sending everything"), ratio(everything, pushed), times(20.0)));
            let over_line = |way, work| self.median(Row::Again(way, work), kind, Figure::LineSeconds);
            let saved = ratio(over_line(Way::Plain, Work::Again), over_line(Way::Push, work));
            all.push((format!("{what}, beside sending everything, both over 1 Gbit/s"), saved, times(20.0)));
        }
        let whole = value(Scene::Download, kind, MegabytesPerSecond);
        if is_on_garage {
            let garage = value(Scene::Download, Kind::Garage, MegabytesPerSecond);
            all.push(("whole download beside Garage itself".into(), ratio(whole, garage), times(0.9)));
            for (figure, name) in [(Figure::Median, "p50"), (Percentile99, "p99")] {
                let other = value(Scene::Ranges, Kind::Garage, figure);
                let ratio = ratio(value(Scene::Ranges, kind, figure), other);
                all.push((format!("time of a range beside Garage itself, {name}"), ratio, Promise::AtMost(2.0, " ×")));
            }
        } else {
            all.push(("whole download".into(), whole, Promise::AtLeast(1200.0, " MB/s")));
        }
        all
    }
}

enum Promise {
    AtLeast(f64, &'static str),
    AtMost(f64, &'static str),
}
