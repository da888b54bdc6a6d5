//! Where are the objects kept? A local folder, a bucket of S3-compatible storage, or memory (for tests).

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use url::Url;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::objects::Objects;
use crate::plain_http::PlainHttp;

/// A dead server is noticed this fast.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Long enough for the largest chunk over a slow line (8 MiB at 280 KB/s).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// No new attempt begins later than this after the first: uploads and pages wait for the answer.
const RETRY_TIMEOUT: Duration = Duration::from_secs(5);
const RETRIES: usize = 3;

/// Names the place of the objects.
#[derive(Clone)]
pub enum Backend {
    /// A folder of the local file system, made when it does not exist.
    Local { root: PathBuf },
    /// A bucket, addressed path-style. Plain HTTP is used when the endpoint says `http://`.
    S3 { endpoint: String, bucket: String, region: String, access_key: String, secret_key: String },
    /// The memory of this process.
    Memory,
}

impl Backend {
    /// Reads an address: `file:///folder`, a plain path, `s3://bucket?endpoint=…&region=…` or `memory:`.
    ///
    /// The keys of a bucket come from `variable`, as `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; so do the endpoint
    /// and the region (`AWS_ENDPOINT_URL`, `AWS_REGION`) when the address does not give them.
    pub fn parse(address: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let invalid = |reason: String| Error::InvalidAddress { address: address.to_owned(), reason };
        if address == "memory:" {
            return Ok(Self::Memory);
        }
        if !address.contains("://") {
            return match address {
                "" => Err(invalid("it is empty".into())),
                path => Ok(Self::Local { root: path.into() }),
            };
        }
        let url = Url::parse(address).map_err(|error| invalid(error.to_string()))?;
        match url.scheme() {
            "file" => {
                let root = url.to_file_path().map_err(|()| invalid("it names no local folder".into()))?;
                Ok(Self::Local { root })
            }
            "s3" => parse_bucket(&url, variable).map_err(invalid),
            other => Err(invalid(format!("{other}: is neither file: nor s3:"))),
        }
    }

    /// Connects to the place, making the folder when there is none.
    pub(crate) fn connect(&self) -> Result<Objects> {
        match self {
            Self::Memory => Ok(Objects::remote(Arc::new(InMemory::new()))),
            Self::Local { root } => {
                let failed = |source: Box<dyn StdError + Send + Sync>| Error::object(root.display(), source);
                let folder = Folder::open(root).map_err(|source| failed(source.into()))?;
                let objects = LocalFileSystem::new_with_prefix(root)
                    .map_err(|source| failed(source.into()))?
                    // For what is not written by way of `folder`: nothing may get lost in a power cut.
                    .with_fsync(true);
                Ok(Objects::folder(Arc::new(objects), folder))
            }
            Self::S3 { .. } => Ok(Objects::remote(self.bucket()?)),
        }
    }

    fn bucket(&self) -> Result<Arc<dyn ObjectStore>> {
        let Self::S3 { endpoint, bucket, region, access_key, secret_key } = self else {
            unreachable!("only called for S3");
        };
        let plain = endpoint.starts_with("http://");
        let client = ClientOptions::new()
            .with_allow_http(plain)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(REQUEST_TIMEOUT);
        let backoff =
            BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1), base: 2.0 };
        let mut builder = AmazonS3Builder::new();
        if plain {
            builder = builder.with_http_connector(PlainHttp { connect: CONNECT_TIMEOUT, request: REQUEST_TIMEOUT });
        }
        let bucket = builder
            .with_endpoint(endpoint)
            .with_bucket_name(bucket)
            .with_region(region)
            .with_access_key_id(access_key)
            .with_secret_access_key(secret_key)
            .with_virtual_hosted_style_request(false)
            .with_client_options(client)
            .with_retry(RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_TIMEOUT })
            .build()
            .map_err(|error| Error::InvalidAddress { address: format!("s3://{bucket}"), reason: error.to_string() })?;
        Ok(Arc::new(bucket))
    }
}

impl FromStr for Backend {
    type Err = Error;

    /// Reads an address with the keys from the environment of this process.
    fn from_str(address: &str) -> Result<Self> {
        Self::parse(address, |name| std::env::var(name).ok())
    }
}

/// Shows the address without the secret.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { root } => write!(f, "{}", root.display()),
            Self::S3 { endpoint, bucket, region, .. } => write!(f, "s3://{bucket}?endpoint={endpoint}&region={region}"),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({self})")
    }
}

fn parse_bucket(url: &Url, variable: impl Fn(&str) -> Option<String>) -> Result<Backend, String> {
    let bucket = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no bucket")?;
    if !matches!(url.path(), "" | "/") {
        return Err("a path inside the bucket is not supported".into());
    }
    let (mut endpoint, mut region) = (variable("AWS_ENDPOINT_URL"), variable("AWS_REGION"));
    for (name, value) in url.query_pairs() {
        match &*name {
            "endpoint" => endpoint = Some(value.into_owned()),
            "region" => region = Some(value.into_owned()),
            other => return Err(format!("{other} is not known; endpoint and region are")),
        }
    }
    let key = |name: &str| variable(name).filter(|value| !value.is_empty()).ok_or(format!("{name} is not set"));
    Ok(Backend::S3 {
        endpoint: endpoint.ok_or("endpoint=http… is missing")?,
        bucket: bucket.to_owned(),
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        access_key: key("AWS_ACCESS_KEY_ID")?,
        secret_key: key("AWS_SECRET_ACCESS_KEY")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn parse(address: &str) -> Result<Backend> {
        Backend::parse(address, |name| name.starts_with("AWS_").then(|| format!("of {name}")))
    }

    #[test]
    fn addresses_are_understood() {
        assert!(matches!(parse("file:///srv/%E6%96%87"), Ok(Backend::Local { root }) if root == Path::new("/srv/文")));
        assert!(matches!(parse("data/objects"), Ok(Backend::Local { root }) if root == Path::new("data/objects")));
        assert!(matches!(parse("memory:"), Ok(Backend::Memory)));
        let bucket = parse("s3://papers?endpoint=http://127.0.0.1:3900&region=garage").unwrap();
        assert_eq!(bucket.to_string(), "s3://papers?endpoint=http://127.0.0.1:3900&region=garage");
        assert!(matches!(bucket, Backend::S3 { secret_key, .. } if secret_key == "of AWS_SECRET_ACCESS_KEY"));
    }

    #[test]
    fn addresses_that_cannot_work_say_why() {
        for (address, reason) in [
            ("", "empty"),
            ("ftp://host/x", "neither"),
            ("s3://papers/2026?endpoint=http://x", "path"),
            ("s3://papers?endpoint=http://x&regoin=y", "regoin"),
            ("s3://?endpoint=http://x", "bucket"),
        ] {
            let error = parse(address).unwrap_err().to_string();
            assert!(error.contains(reason), "{address}: {error}");
        }
        let error = Backend::parse("s3://papers?endpoint=http://x", |_| None).unwrap_err().to_string();
        assert!(error.contains("AWS_ACCESS_KEY_ID is not set"), "{error}");
    }

    #[test]
    fn the_secret_is_never_shown() {
        let shown = format!("{:?}", parse("s3://papers?endpoint=http://x").unwrap());
        assert!(!shown.contains("of AWS_SECRET"), "{shown}");
    }
}
