//! The pages and the player, compressed into the program at build time.
//!
//! `player/embed.rs` writes the table. Invariant: `/` is always there (in a gateway
//! built without the player, that page says so), and nothing but [`Asset::plain`]
//! allocates.

/// One file that the gateway serves.
#[derive(Debug)]
pub struct Asset {
    /// The path at which it is served, beginning with `/`.
    pub path: &'static str,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `ETag`, with its quotes. It is weak, so that it holds for both the
    /// compressed and the plain form (RFC 9110 section 8.8.3).
    pub etag: &'static str,
    /// The file in gzip form (RFC 1952): a header of [`GZIP_HEADER`] bytes, the deflate
    /// stream, and a trailer of [`GZIP_TRAILER`] bytes.
    pub gzip: &'static [u8],
    /// The length of the plain form in bytes.
    pub length: usize,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A gzip header without optional fields (RFC 1952 section 2.3).
const GZIP_HEADER: usize = 10;
/// The trailer is a CRC-32 and the length.
const GZIP_TRAILER: usize = 8;

/// The asset at `path`, which is the path of a request without its query.
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

impl Asset {
    /// The plain form, for the rare client that does not accept gzip.
    ///
    /// It is inflated anew in every call: such clients are tools, and a copy kept in
    /// memory would cost a router more than they are worth.
    #[must_use]
    pub fn plain(&self) -> Vec<u8> {
        let end = self.gzip.len().saturating_sub(GZIP_TRAILER);
        let deflate = self.gzip.get(GZIP_HEADER..end).unwrap_or_default();
        miniz_oxide::inflate::decompress_to_vec_with_limit(deflate, self.length).unwrap_or_default()
    }

    /// Whether the value of `If-None-Match` names this version (RFC 9110
    /// section 13.1.2: a weak comparison).
    #[must_use]
    pub fn is_named_by(&self, if_none_match: &str) -> bool {
        let opaque = |tag: &'static str| tag.strip_prefix("W/").unwrap_or(tag);
        if_none_match
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == opaque(self.etag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_is_always_there() {
        let page = find("/").expect("a page at /");
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(find("/no such file").is_none());
    }

    #[test]
    fn every_asset_inflates_to_its_length() {
        for asset in ASSETS {
            assert!(
                asset.gzip.starts_with(&[0x1f, 0x8b, 8, 0]),
                "{}",
                asset.path
            );
            assert_eq!(asset.plain().len(), asset.length, "{}", asset.path);
        }
    }

    #[test]
    fn a_browser_that_has_this_version_is_told_so() {
        let page = find("/").expect("a page at /");
        assert!(page.is_named_by(page.etag));
        assert!(page.is_named_by(&format!("\"other\", {}", page.etag)));
        assert!(page.is_named_by(page.etag.trim_start_matches("W/")));
        assert!(page.is_named_by("*"));
        assert!(!page.is_named_by("W/\"0\""));
        assert!(!page.is_named_by(""));
    }
}
