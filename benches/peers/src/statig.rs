//! statig: a machine whose states are fixed when it is compiled, so that there is no text to read.

use std::hint::black_box;

use statig::prelude::*;

use crate::{
    report::Report,
    wayfare::{CHAINS, Ours, TRIES},
};

#[derive(Debug, Default)]
struct Login {
    name: String,
    level: u32,
    tries: u32,
}

#[derive(Debug)]
enum Event<'a> {
    Begin,
    Answer(&'a str),
}

#[state_machine(initial = "State::begin()", state(derive(Debug, PartialEq)))]
impl Login {
    #[state]
    fn begin(event: &Event<'_>) -> Outcome<State> {
        match event {
            Event::Begin => Transition(State::name()),
            Event::Answer(_) => Super,
        }
    }

    #[state]
    fn name(&mut self, event: &Event<'_>) -> Outcome<State> {
        let Event::Answer(name) = event else {
            return Super;
        };
        (*name).clone_into(&mut self.name);
        Transition(State::password())
    }

    #[state]
    fn password(&mut self, event: &Event<'_>) -> Outcome<State> {
        let Event::Answer(password) = event else {
            return Super;
        };
        if self.name == "demo" && *password == "demo-password" {
            self.level += 10;
            return Transition(State::success());
        }
        self.tries += 1;
        if self.tries < 4 {
            Transition(State::name())
        } else {
            Transition(State::failure())
        }
    }

    #[state]
    fn success() -> Outcome<State> {
        Super
    }

    #[state]
    fn failure() -> Outcome<State> {
        Super
    }
}

fn log_in(answers: &[&str]) -> (bool, u32) {
    let mut machine = Login::default().state_machine();
    machine.handle(&Event::Begin);
    for answer in answers {
        machine.handle(&Event::Answer(answer));
    }
    (*machine.state() == State::success(), machine.inner().level)
}

mod walk {
    //! One event for each node, since a state does not go on by itself.

    use statig::prelude::*;

    #[derive(Debug, Default)]
    pub(super) struct Chain {
        pub(super) level: u32,
        pub(super) nodes: u32,
    }

    #[derive(Debug)]
    pub(super) struct Next;

    #[state_machine(initial = "State::decides(0)", state(derive(Debug, PartialEq)))]
    impl Chain {
        #[state]
        fn decides(&self, at: &u32, event: &Next) -> Outcome<State> {
            let Next = event;
            let holds = std::hint::black_box(self.level) < u32::MAX;
            if !holds {
                Transition(State::fails())
            } else if at + 1 < self.nodes {
                Transition(State::decides(at + 1))
            } else {
                Transition(State::ends())
            }
        }

        #[state]
        fn ends() -> Outcome<State> {
            Super
        }

        #[state]
        fn fails() -> Outcome<State> {
            Super
        }
    }

    pub(super) fn walk(nodes: u32) {
        let mut machine = Chain { level: 0, nodes }.state_machine();
        for _ in 0..nodes {
            machine.handle(&Next);
        }
        assert_eq!(*machine.state(), State::ends());
    }
}

pub(crate) fn run(ours: &Ours, report: &mut Report) {
    assert_eq!(log_in(&["demo", "no"].repeat(TRIES)), (false, 0));
    report.login("statig", None, ours, &mut || {
        let end = log_in(black_box(&["demo", "demo-password"]));
        assert_eq!(end, (true, 10));
    });
    for (at, count) in CHAINS.into_iter().enumerate() {
        let nodes = u32::try_from(count).expect("a short chain");
        report.chain("statig", None, at, ours, &mut || {
            walk::walk(black_box(nodes))
        });
    }
}
