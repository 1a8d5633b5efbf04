//! GET_INFO: what pages ask before they show their controls.

use crate::json;

use super::init::CAMERAS;

/// The day on which the licence ends, in the form that existing pages read. There is no
/// licence, so the day is far away.
const NO_EXPIRY: &str = "Thu Dec 31 23:59:59 2099\\n";

/// The JSON of the answer: `page` is the host name of the page that asks,
/// `cameras` the JSON list of shared cameras.
pub fn payload(page: &str, cameras: &str) -> String {
    let cameras = match cameras {
        "[]" => String::new(),
        list => format!("\"{CAMERAS}\":{list}"),
    };
    format!(
        "{{\"info\":{{\"license\":{{\"expiresAt\":\"{NO_EXPIRY}\"}},\"requestedDomain\":\"{}\",\"clients\":{{{cameras}}}}}}}",
        json::text(page)
    )
}
