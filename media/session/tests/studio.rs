//! A studio at work, without any media library: a painter that fills a picture with a shade, an encoder that copies, and
//! raw clients over real sockets.

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use support::{Client, HEIGHT, Stage, WIDTH, really};

const RIGHT: u32 = 0xff53;

/// Two clients whose sessions have begun.
async fn two(stage: &Stage) -> (Client, Client) {
    let (mut one, mut other) = (stage.connect().await, stage.connect().await);
    one.header().await;
    other.header().await;
    (one, other)
}

#[test]
fn a_raw_client_is_shown_its_own_view_and_its_keys_change_it() {
    really(async {
        let stage = Stage::begin(2).await;
        let (mut one, mut other) = (stage.connect().await, stage.connect().await);
        let header = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F50:1 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED");
        assert_eq!((one.header().await, other.header().await), (header.clone(), header));
        assert_eq!((one.shade().await, other.shade().await), (100, 100), "the same view to begin with");
        one.press(RIGHT).await;
        one.until(101).await;
        assert_eq!(other.shade().await, 100, "nobody else's view has changed");
        stage.end();
    });
}

#[test]
fn equal_views_are_drawn_once_and_unchanged_ones_not_at_all() {
    really(async {
        let stage = Stage::begin(3).await;
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = stage.connect().await;
            client.header().await;
            client.until(100).await;
            clients.push(client);
        }
        let before = stage.drawn();
        assert!(before <= 4, "{before} pictures for three viewers of one view, and one to warm up");
        for _ in 0..20 {
            for client in &mut clients {
                assert_eq!(client.shade().await, 100);
            }
        }
        assert_eq!(stage.drawn(), before, "twenty pictures were sent of one that did not change");
        stage.shift(7);
        for client in &mut clients {
            client.until(107).await;
        }
        assert_eq!(stage.drawn(), before + 1, "one picture for all three");
        assert_eq!(stage.attended.load(Ordering::SeqCst), 1, "one attendance for all three");
        stage.end();
    });
}

#[test]
fn a_client_beyond_the_slots_is_closed_and_one_that_goes_gives_its_slot_back() {
    really(async {
        let stage = Stage::begin(1).await;
        let mut first = stage.connect().await;
        first.header().await;
        let mut second = stage.connect().await;
        assert_eq!(second.bytes_until_the_end().await, 0, "no slot, no byte");
        drop(first);
        let mut third = stage.connect().await;
        while !third.has_begun().await {
            third = stage.connect().await;
        }
        third.until(100).await;
        stage.end();
    });
}

#[test]
fn bytes_that_are_no_messages_end_their_session_and_no_other() {
    really(async {
        let stage = Stage::begin(2).await;
        let (mut good, mut bad) = two(&stage).await;
        bad.write(b"GET / HTTP/1.1\r\n\r\n").await;
        bad.bytes_until_the_end().await;
        good.press(RIGHT).await;
        good.until(101).await;
        stage.end();
    });
}

#[test]
fn a_painter_that_panics_ends_the_sessions_of_that_view_and_no_other() {
    really(async {
        let stage = Stage::begin(2).await;
        let (mut good, mut bad) = two(&stage).await;
        bad.until(100).await;
        bad.press(support::PANIC).await;
        bad.bytes_until_the_end().await;
        good.press(RIGHT).await;
        good.until(101).await;
        stage.end();
    });
}

#[test]
fn a_painter_that_hangs_is_given_up_and_the_others_play_on() {
    really(async {
        let stage = Stage::begin(2).await;
        let (mut good, mut bad) = two(&stage).await;
        bad.until(100).await;
        bad.press(support::HANG).await;
        let mut longest = Duration::ZERO;
        let playing = async {
            loop {
                let before = tokio::time::Instant::now();
                good.shade().await;
                longest = longest.max(before.elapsed());
            }
        };
        tokio::select! {
            _ = bad.bytes_until_the_end() => {}
            () = playing => {}
        }
        println!("the longest pause of the neighbour: {longest:?}");
        good.press(RIGHT).await;
        good.until(101).await;
        stage.let_go();
        stage.end();
    });
}

#[test]
fn painters_that_hang_are_given_up_also_when_nobody_waits_for_them_any_more() {
    really(async {
        let stage = Stage::begin(1).await;
        // There are two worker threads.
        for _ in 0..2 {
            let mut bad = stage.connect().await;
            while !bad.has_begun().await {
                bad = stage.connect().await;
            }
            bad.until(100).await;
            bad.press(support::HANG).await;
            while stage.hung() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            stage.forget_hung();
        }
        let mut good = stage.connect().await;
        while !good.has_begun().await {
            good = stage.connect().await;
        }
        good.until(100).await;
        stage.let_go();
        stage.end();
    });
}
