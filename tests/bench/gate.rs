//! The decision about a request, with as many rules as no plugin has.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use cpi_policy::{AddressRule, Grant, HostConfig, Manifest, Method, Outgoing, Settings};

use crate::report::Report;
use crate::series::{Series, computed, shown};

const RULES: usize = 50;
const BATCH: usize = 1_000;

pub(crate) fn run(report: &mut Report) {
    let grant = Grant::new(&manifest(), &Settings::default(), &HostConfig::default()).expect("a grant");
    let mut series = Series::default();
    for _ in 0..100 {
        // Made before: a plugin's request is there already when it is checked.
        let requests: Vec<_> = (0..BATCH).map(|_| request()).collect();
        let start = computed();
        let permits: Vec<_> = requests.into_iter().map(|request| grant.check(request)).collect();
        series.push(computed().saturating_sub(start) / u32::try_from(BATCH).expect("a small number"));
        assert!(permits.iter().all(Result::is_ok));
    }
    let met = series.median() <= Duration::from_micros(1);
    report.target("B12", "gate with 50 rules, the last one fits; CPU time", series.shown(), "≤ 1 µs", met);

    let opened = (0..RULES).map(|number| format!("10.{number}.0.0/16:443").parse().expect("a network")).collect();
    let rule = AddressRule::Public(opened);
    let addresses = ["52.95.0.1:443", "169.254.169.254:443", "10.49.1.1:443", "[2600:1f18::1]:443"];
    let addresses = addresses.map(|text| text.parse::<SocketAddr>().expect("an address"));
    let four = Series::of_cpu(10_000, || {
        let allowed = addresses.map(|address| std::hint::black_box(&rule).allows(std::hint::black_box(address)));
        assert_eq!(allowed, [true, false, true, true]);
    });
    let each = four.median() / 4;
    report.target(
        "B12",
        "address check with 50 networks opened",
        shown(each),
        "≤ 1 µs",
        each <= Duration::from_micros(1),
    );
}

fn request() -> Outgoing {
    Outgoing {
        method: Method::Get,
        url: format!("https://api-{}.example.com/v1/things?limit=10", RULES - 1),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: Vec::new(),
        credential: None,
        timeout_ms: None,
    }
}

fn manifest() -> Manifest {
    let mut text = "[plugin]\nname = \"bench\"\nversion = \"1.0.0\"\ncontract = \"bosh:cpi@0.1\"\n".to_owned();
    for number in 0..RULES {
        _ = write!(
            text,
            "[[http]]\nhosts = [\"https://api-{number}.example.com\"]\nmethods = [\"GET\"]\npaths = [\"/v1/*\"]\n"
        );
    }
    Manifest::parse(&text).expect("a manifest")
}
