//! In which order a viewer's inputs count. Pure.
//!
//! Keys and buttons, and the pointer's place before each button, come on a stream: none is lost, and they are in order.
//! Motion comes in datagrams beside it, which may be lost, doubled, late, or faster than the stream: then it must not cost
//! a key that was pressed before it.
//!
//! ```text
//!   stream    13 to A   14 down   16 to B   17 up        applied: 15 to B, 13 to A, 14 down, 15 to B, 16 to B, 17 up
//!   datagrams 15 to B, which came first
//! ```
//!
//! Owns: what is applied, and the number that pictures echo, which only grows. Refuses: to apply it.

use actors_protocol::input::{Input, InputEvent};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// The latest of all.
    last: u32,
    /// The latest that came on the stream.
    last_on_stream: u32,
    /// The latest motion that came in a datagram.
    motion: Option<Input>,
}

impl Order {
    /// The number of the latest input that was applied.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// An input came on the stream. Gives what is to be applied; none of them has a number below one that was given before.
    pub fn on_stream(&mut self, input: Input) -> impl Iterator<Item = Input> + use<> {
        // A viewer that came back may say again what it is not sure of.
        let news = input.number > self.last_on_stream;
        self.last_on_stream = self.last_on_stream.max(input.number);
        // The button was meant for the place that was told before it; afterwards the pointer is where it is.
        let button = matches!(input.event, InputEvent::Button { .. });
        let overtaken_by = self.motion.filter(|motion| button && news && motion.number > input.number);
        self.last = self.last.max(input.number);
        let last = self.last;
        news.then_some(input).into_iter().chain(overtaken_by).map(move |input| Input { number: last, ..input })
    }

    /// A motion came in a datagram. Gives it if it is news.
    pub fn in_datagram(&mut self, input: Input) -> Option<Input> {
        let news = input.number > self.last;
        if news {
            self.last = input.number;
            self.motion = Some(input);
        }
        news.then_some(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(number: u32, x: u16) -> Input {
        Input { number, event: InputEvent::Pointer { x, y: 0 } }
    }

    fn button(number: u32, down: bool) -> Input {
        Input { number, event: InputEvent::Button { button: 1, down } }
    }

    fn key(number: u32) -> Input {
        Input { number, event: InputEvent::Key { keysym: 0xff53, down: true } }
    }

    #[test]
    fn motion_that_overtakes_a_press_does_not_cost_it_nor_its_place() {
        let mut order = Order::default();
        let mut applied: Vec<Input> = order.in_datagram(to(15, 200)).into_iter().collect();
        for input in [to(13, 500), button(14, true), to(16, 200), button(17, false)] {
            applied.extend(order.on_stream(input));
        }
        let events: Vec<_> = applied.iter().map(|input| input.event).collect();
        let wanted = [to(0, 200), to(0, 500), button(0, true), to(0, 200), to(0, 200), button(0, false)];
        assert_eq!(events, wanted.map(|input| input.event));
        assert!(applied.is_sorted_by_key(|input| input.number), "the number that is echoed only grows: {applied:?}");
        assert_eq!(order.last(), 17);
    }

    #[test]
    fn a_key_that_was_overtaken_is_applied_once_and_old_motion_never() {
        let mut order = Order::default();
        assert_eq!(order.in_datagram(to(3, 9)), Some(to(3, 9)));
        assert_eq!(order.in_datagram(to(3, 9)), None, "doubled");
        assert_eq!(order.in_datagram(to(1, 5)), None, "late");
        assert_eq!(order.on_stream(key(2)).collect::<Vec<_>>(), [key(3)], "as of the latest");
        assert_eq!(order.on_stream(key(2)).count(), 0, "said again");
        assert_eq!(order.on_stream(key(4)).collect::<Vec<_>>(), [key(4)]);
        assert_eq!(order.in_datagram(to(4, 1)), None);
    }
}
