//! The BOSH release, of which only the program and its plugins exist.

use cpi_tests::coverage::Case;
use serde_json::json;

use crate::support::{case, not_yet};

const SECTION: &str = "B release";
const NONE: &str = "there is no BOSH release yet";

pub(crate) const CASES: &[Case] = &[
    not_yet("B01", SECTION, "the tarball has everything a director needs", NONE),
    not_yet("B02", SECTION, "exactly one job renders to bin/cpi", NONE),
    not_yet("B03", SECTION, "templates render with the standard library alone", NONE),
    not_yet("B04", SECTION, "packaging scripts need no network and end at the first error", NONE),
    not_yet("B05", SECTION, "create-env reaches create_vm on a bare machine", NONE),
    case("B06", SECTION, "host and plugin of two folders find each other by configuration", plugins_elsewhere),
    not_yet("B07", SECTION, "a change of the host leaves the fingerprints of plugins as they were", NONE),
    not_yet("B08", SECTION, "create-env and delete-env run to their end", NONE),
    not_yet("B09", SECTION, "an upgrade accepts the identifiers of the release before", NONE),
    not_yet(
        "B10",
        SECTION,
        "all methods work with only the job's folders visible",
        "P17 covers the program; the job is not there",
    ),
];

fn plugins_elsewhere() {
    // The misbehaving plugin is installed into a folder that has nothing to do with the program's.
    let host = cpi_tests::Host::hostile("http://127.0.0.1:9/");
    assert_eq!(host.call("info", &json!([])).result()["stemcell_formats"], json!(["hostile-raw"]));
    assert_eq!(host.call("has_vm", &json!(["ok"])).result(), true);
}
