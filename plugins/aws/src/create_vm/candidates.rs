/// One way to launch the VM; EC2 may have room for one and not for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// For the price that was offered, rather than on demand.
    pub spot: bool,
    /// Which of the places.
    pub place: usize,
    /// Which of the machines.
    pub machine: usize,
}

/// All ways, in the order in which they are tried: everything at the price that was offered comes before anything on
/// demand, and all types in a zone before the next zone, which needs other interfaces.
pub(crate) fn in_order(spot: bool, or_on_demand: bool, places: usize, machines: usize) -> Vec<Candidate> {
    let markets = [spot.then_some(true), (!spot || or_on_demand).then_some(false)];
    let in_market = |spot| {
        let pairs = (0..places).flat_map(move |place| (0..machines).map(move |machine| (place, machine)));
        pairs.map(move |(place, machine)| Candidate { spot, place, machine })
    };
    markets.into_iter().flatten().flat_map(in_market).collect()
}

/// What a refusal says of the candidates that are left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// There is no room for this one; there may be for any other.
    Candidate,
    /// There is no room in this place.
    Place,
    /// Nothing else for an offer: any refusal of one may be one of its price, so what is on demand can still do.
    Market,
    /// Nothing will do.
    All,
}

/// What to try after a refusal.
pub(crate) fn after(all: &[Candidate], at: usize, reach: Reach) -> Option<usize> {
    let refused = all.get(at)?;
    let worth = |next: &Candidate| match reach {
        Reach::Candidate => true,
        Reach::Place => next.place != refused.place,
        Reach::Market => refused.spot && !next.spot,
        Reach::All => false,
    };
    all.iter().enumerate().skip(at + 1).find(|(_, next)| worth(next)).map(|(next, _)| next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(spot: bool, place: usize, machine: usize) -> Candidate {
        Candidate { spot, place, machine }
    }

    #[test]
    fn one_way_is_the_usual_case() {
        assert_eq!(in_order(false, true, 1, 1), [candidate(false, 0, 0)]);
        assert_eq!(in_order(true, false, 1, 1), [candidate(true, 0, 0)]);
        assert_eq!(in_order(true, true, 1, 1), [candidate(true, 0, 0), candidate(false, 0, 0)]);
    }

    #[test]
    fn types_change_before_zones_and_zones_before_the_market() {
        let all = in_order(true, true, 2, 2);
        let places: Vec<_> = all.iter().map(|one| (one.spot, one.place, one.machine)).collect();
        assert_eq!(places[..4], [(true, 0, 0), (true, 0, 1), (true, 1, 0), (true, 1, 1)]);
        assert_eq!(places[4], (false, 0, 0));
    }

    #[test]
    fn a_lack_of_room_moves_on_and_other_refusals_leave_the_spot_market() {
        let all = in_order(true, true, 1, 2);
        assert_eq!((after(&all, 0, Reach::Candidate), after(&all, 0, Reach::Market)), (Some(1), Some(2)));
        assert_eq!((after(&all, 2, Reach::Candidate), after(&all, 2, Reach::Market)), (Some(3), None));
        assert_eq!((after(&all, 3, Reach::Candidate), after(&all, 0, Reach::All)), (None, None));
    }

    #[test]
    fn a_full_place_is_left() {
        let all = in_order(false, false, 2, 2);
        assert_eq!((after(&all, 0, Reach::Place), after(&all, 2, Reach::Place)), (Some(2), None));
    }
}
