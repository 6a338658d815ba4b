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
