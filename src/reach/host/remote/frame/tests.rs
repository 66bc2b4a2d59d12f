use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const NONCE: &str = "5eed";

fn encode(done: &JobDone) -> Vec<u8> {
    let (out, err) = (&done.stdout, &done.stderr);
    let header = format!(
        "\ngateproof-{NONCE} done {} {} {} {} {} {} {}\n",
        done.id,
        done.state,
        done.status,
        out.bytes.len(),
        out.total,
        err.bytes.len(),
        err.total
    );
    let close = format!("gateproof-{NONCE} end {}\n", done.id);
    [header.as_bytes(), &out.bytes, &err.bytes, close.as_bytes()].concat()
}

fn all(parser: &mut FrameParser) -> Result<Vec<Frame>, FrameError> {
    let mut frames = Vec::new();
    while let Some(frame) = parser.next()? {
        frames.push(frame);
    }
    Ok(frames)
}

fn captured() -> impl Strategy<Value = Captured> {
    // Bytes that look like frames are among the likely ones.
    let piece = prop_oneof![
        vec(any::<u8>(), 0..40),
        Just(format!("\ngateproof-{NONCE} done 1 exit 0 0 0 0 0\n").into_bytes()),
        Just(format!("gateproof-{NONCE} end 1\n").into_bytes()),
    ];
    (vec(piece, 0..4), 0_u64..1000).prop_map(|(pieces, more)| {
        let bytes = pieces.concat();
        Captured {
            total: bytes.len() as u64 + more,
            bytes,
        }
    })
}

fn done() -> impl Strategy<Value = JobDone> {
    (
        0_u64..1000,
        "exit|signal|flood",
        0..256_i32,
        captured(),
        captured(),
    )
        .prop_map(|(id, state, status, stdout, stderr)| JobDone {
            id,
            state,
            status,
            stdout,
            stderr,
        })
}

/// Noise without the nonce: nobody on the host can know it before the runner runs.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

proptest! {
    #[test]
    fn frames_come_out_whole_however_the_bytes_are_cut(
        jobs in vec((noise(), done()), 1..4),
        cuts in vec(1_usize..50, 1..20),
    ) {
        let stream: Vec<u8> = jobs.iter().flat_map(|(noise, done)| [noise.clone(), encode(done)].concat()).collect();
        let mut parser = FrameParser::new(NONCE);
        let mut frames = Vec::new();
        let (mut rest, mut cuts) = (stream.as_slice(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            parser.push(now);
            frames.extend(all(&mut parser).unwrap());
            rest = later;
        }
        prop_assert_eq!(parser.finish(), Ok(()));
        let want: Vec<Frame> = jobs.into_iter().map(|(_, done)| Frame::Done(done)).collect();
        prop_assert_eq!(frames, want);
    }

    #[test]
    fn an_answer_cut_short_at_any_byte_is_never_a_result(job in done()) {
        let whole = encode(&job);
        for end in 0..whole.len() {
            let mut parser = FrameParser::new(NONCE);
            parser.push(&whole[..end]);
            prop_assert_eq!(all(&mut parser), Ok(Vec::new()), "cut at {}", end);
            if end > "\ngateproof-5eed ".len() {
                prop_assert_eq!(parser.finish(), Err(FrameError::Truncated), "cut at {}", end);
            }
        }
    }

    #[test]
    fn any_bytes_at_all_do_no_harm(bytes in vec(any::<u8>(), 0..2000)) {
        let mut parser = FrameParser::new(NONCE);
        parser.push(&bytes);
        prop_assert_eq!(all(&mut parser), Ok(Vec::new()));
        prop_assert!(parser.noise.len() <= NOISE);
    }
}

#[test]
fn a_stream_longer_or_shorter_than_said_is_an_error() {
    for body in ["abc", "abcde"] {
        let mut parser = FrameParser::new(NONCE);
        parser.push(
            format!("gateproof-5eed done 1 exit 0 4 4 0 0\n{body}gateproof-5eed end 1\nxx")
                .as_bytes(),
        );
        assert!(
            matches!(all(&mut parser), Err(FrameError::Malformed(_))),
            "{body}"
        );
    }
}

#[test]
fn headers_that_are_not_as_agreed_are_errors() {
    for header in [
        "done 1 exit 0 4 3 0 0",
        "done 1 exit 0 +4 4 0 0",
        "done 1 exit -1 0 0 0 0",
        "done 1 exit 0 0 0 0",
        "done 1 exit 0 99999999999 99999999999 0 0",
        "ready 2 exact /tmp/x",
        "ready 1 exact",
        "what 1",
        "done",
    ] {
        let mut parser = FrameParser::new(NONCE);
        parser.push(format!("gateproof-5eed {header}\n").as_bytes());
        assert!(
            matches!(all(&mut parser), Err(FrameError::Malformed(_))),
            "{header}"
        );
    }
}

#[test]
fn endless_noise_is_bounded_and_the_frame_behind_it_found() {
    let mut parser = FrameParser::new(NONCE);
    for _ in 0..100 {
        parser.push(&[b'x'; 10_000]);
        assert_eq!(parser.next(), Ok(None));
    }
    assert!(parser.buffer.len() <= LONGEST_LINE);
    parser.push(b"gateproof-5eed ready 1 exact /a\n\ngateproof-5eed ready 1 setsid /tmp/g\n");
    let want = Frame::Ready {
        folder: "/tmp/g".into(),
    };
    assert_eq!(parser.next(), Ok(Some(want)));
}
