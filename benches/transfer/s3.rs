//! A signed address of an object, so that a client without S3 can get it (signature version 4, in the query).

use std::time::SystemTime;

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::garage::Bucket;

/// Path and query of a GET that is good for an hour.
pub fn presigned_path(bucket: &Bucket, key: &str) -> Result<String> {
    let host = bucket.endpoint.strip_prefix("http://").context("an endpoint without TLS")?;
    let (day, time) = now()?;
    let scope = format!("{day}/{}/s3/aws4_request", bucket.region);
    let credential = format!("{}/{scope}", bucket.access_key);
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={day}T{time}Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host",
        credential.replace('/', "%2F")
    );
    let path = format!("/{}/{key}", bucket.bucket);
    let request = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let digest = hex::encode(Sha256::digest(request.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{day}T{time}Z\n{scope}\n{digest}");
    let secret = format!("AWS4{}", bucket.secret_key).into_bytes();
    let parts = [day.as_str(), &bucket.region, "s3", "aws4_request", &text];
    let signature = parts.iter().try_fold(secret, |key, part| mac(&key, part))?;
    Ok(format!("{path}?{query}&X-Amz-Signature={}", hex::encode(signature)))
}

fn mac(key: &[u8], text: &str) -> Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Date and time in UTC, as signatures want them.
fn now() -> Result<(String, String)> {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    // Days since 1 March of year 0, in eras of 400 years.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    Ok((format!("{year:04}{month:02}{day:02}"), format!("{hour:02}{minute:02}{second:02}")))
}
