//! Every check of large programs on a small stack, without a time: that is for the bench of the same shapes.

use wayfare::{Program, analysis::findings, codes};

#[path = "../../benches/support/built.rs"]
mod built;

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(run).unwrap().join().unwrap();
}

fn found(program: &Program) -> Vec<wayfare::Code> {
    findings(program)
        .iter()
        .map(|finding| finding.code)
        .collect()
}

#[test]
fn a_long_chain_with_properties_and_a_guard() {
    on_a_small_stack(|| {
        let mut program = built::stated(100_000);
        assert_eq!(found(&program), []);
        // The same with a guard that does not hold: its run is as long as the chain.
        for (_, ensure) in &mut program.guards[0].holds {
            if let wayfare::model::property::Property::EveryPath { passes, .. } =
                &mut ensure.property
            {
                passes.clear();
            }
        }
        assert_eq!(found(&program), [codes::GUARD_FAILED]);
    });
}

#[test]
fn every_check_of_a_chain_of_a_million_nodes() {
    on_a_small_stack(|| assert_eq!(found(&built::chain(1_000_000)), []));
}

#[test]
fn every_shape_of_two_thousand_nodes() {
    on_a_small_stack(|| {
        for shape in [
            built::chain,
            built::stated,
            built::loops,
            built::fan,
            built::pages,
            built::keys,
            built::calls,
        ] {
            assert_eq!(found(&shape(2_000)), []);
        }
        assert_eq!(found(&built::unproved(2_000)), [codes::UNPROVED_SUCCESS]);
    });
}

fn of(code: wayfare::Code, shape: fn(usize) -> Program, count: usize) -> usize {
    let found = findings(&shape(count));
    let kept = found.iter().filter(|finding| finding.code == code).count();
    kept + found.dropped()
}

#[test]
fn what_an_author_who_means_harm_may_write() {
    on_a_small_stack(|| {
        let count = 1_000;
        for shape in [
            built::nested,
            built::ensures,
            built::guarded,
            built::fragments,
            built::claims,
        ] {
            let found = found(&shape(count));
            assert!(found.len() <= count / 2, "{} findings", found.len());
        }
        // One bit a property: those that hold are never looked at one by one.
        assert_eq!(found(&built::ensures(count)), []);
        assert_eq!(found(&built::guarded(count)), []);
        assert_eq!(of(codes::ENSURE_FAILED, built::fragments, count), count / 4);
        assert_eq!(of(codes::ENSURE_FAILED, built::limiters, 200), 1);
        let journeys = count / 10;
        let unproved = of(codes::UNPROVED_SUCCESS, built::unproved_calls, count);
        assert!(unproved >= journeys, "{unproved}");
        assert!(of(codes::IDENTITY_SWAPPED, built::swaps, count) >= 1);
        assert!(of(codes::UNWRITTEN_KEY, built::unwritten, count) > 900);
        let _ = findings(&built::dense(count));
    });
}

#[test]
fn a_claim_that_the_least_level_keeps_is_not_explored() {
    on_a_small_stack(|| assert_eq!(found(&built::claims(20_000)), []));
}

#[test]
fn claims_beyond_what_may_be_explored_are_told_as_not_looked_at() {
    on_a_small_stack(|| {
        let count = 1_200;
        let found = findings(&built::unmet_claims(count));
        let claims: Vec<_> = found
            .iter()
            .filter(|finding| finding.code == codes::LEVEL_NOT_REACHED)
            .collect();
        assert!(claims.first().is_some_and(|first| first.route.is_some()));
        let open: Vec<_> = claims
            .iter()
            .filter(|claim| claim.message.contains("cannot be shown to be right"))
            .collect();
        assert!(!open.is_empty() && open.iter().all(|claim| claim.route.is_none()));
        let says_why = |claim: &&wayfare::Diagnostic| {
            let mut notes = claim.notes.iter();
            notes.any(|note| note.contains("was not looked at"))
        };
        assert!(open.iter().any(|claim| says_why(claim)), "{:?}", open[0]);
        // None is left out.
        assert_eq!(claims.len(), count / 10);
    });
}

#[test]
fn journeys_beyond_what_may_be_laid_beside_each_other_are_told_as_not_looked_at() {
    on_a_small_stack(|| {
        let tells_of = |count| {
            let found = findings(&built::lookups(count));
            let faces = found.iter().filter(|f| f.code == codes::ENUMERATION);
            faces.cloned().collect::<Vec<_>>()
        };
        assert_eq!(tells_of(500), []);
        let told = tells_of(3_000);
        assert!(!told.is_empty());
        for finding in &told {
            let mut notes = finding.notes.iter();
            assert!(
                notes.any(|note| note.contains("was not looked at")),
                "{finding:?}"
            );
        }
    });
}

#[test]
fn very_many_places_that_tell_users_apart_are_told_or_counted() {
    on_a_small_stack(|| {
        let places = 6_998;
        assert_eq!(of(codes::ENUMERATION, built::tellings, 14_000), places);
        let found = findings(&built::tellings(14_000));
        let kept = wayfare::Diagnostics::KEPT_MAX + wayfare::Diagnostics::ALLOWABLE_MAX;
        assert_eq!(found.dropped(), places - kept);
    });
}

#[test]
fn very_many_findings_behind_long_ways_share_a_bound_on_their_runs() {
    on_a_small_stack(|| {
        let count = 2_000;
        let found = findings(&built::raises(count));
        let raises: Vec<_> = found
            .iter()
            .filter(|finding| finding.code == codes::LEVEL_WITHOUT_PROOF)
            .collect();
        assert!(raises.len() > 900, "{}", raises.len());
        assert!(raises.first().is_some_and(|first| first.route.is_some()));
        assert!(raises.last().is_some_and(|last| last.route.is_none()));
        assert_eq!(found.len() + found.dropped(), count + 1);
    });
}
