use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const NONCE: &str = "5eed";

fn encode(done: &JobDone) -> Vec<u8> {
    let (out, err) = (&done.stdout, &done.stderr);
    let left: String = done.left.iter().map(left_line).collect();
    let header = format!(
        "gateproof-{NONCE} done {} {} {} {} {} {} {} {} {} {}\n",
        done.id,
        done.token,
        done.state,
        done.status,
        out.bytes.len(),
        out.total,
        err.bytes.len(),
        err.total,
        left.len(),
        if done.leased { "yes" } else { "no" },
    );
    let close = format!("gateproof-{NONCE} end {} {}\n", done.id, done.token);
    let streams = [&out.bytes, &err.bytes, left.as_bytes()];
    [header.as_bytes(), &streams.concat(), close.as_bytes()].concat()
}

fn left_line(process: &LeftProcess) -> String {
    let word = if process.ended { "ended" } else { "stays" };
    let uid = process.uid.map_or("?".to_owned(), |uid| uid.to_string());
    format!("{word} {} {uid} {}\n", process.pid, process.name)
}

fn left() -> impl Strategy<Value = LeftProcess> {
    let uid = proptest::option::of(0_u32..70_000);
    (1_u32..4_000_000, uid, "[ -~]{0,15}", any::<bool>()).prop_map(|(pid, uid, name, ended)| {
        LeftProcess {
            pid,
            uid,
            name,
            ended,
        }
    })
}

const READY: &str = "\ngateproof-5eed ready 3 exact /tmp/gateproof-a1\n";

/// A parser behind the frame that says that the runner is ready.
fn ready() -> FrameParser {
    let mut parser = FrameParser::new(NONCE);
    parser.push(READY.as_bytes());
    assert!(matches!(parser.next(), Ok(Some(Frame::Ready { .. }))));
    parser
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
        Just(format!("\ngateproof-{NONCE} done 1 exit 0 0 0 0 0 no\n").into_bytes()),
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
        vec(left(), 0..3),
        any::<bool>(),
    )
        .prop_map(
            |(id, state, status, stdout, stderr, left, leased)| JobDone {
                id,
                leased,
                token: format!("t{id}"),
                left,
                state,
                status,
                stdout,
                stderr,
            },
        )
}

/// Noise without the nonce: nobody on the host can know it before the runner runs.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

proptest! {
    #[test]
    fn frames_come_out_whole_however_the_bytes_are_cut(
        noise in noise(),
        jobs in vec(done(), 1..4),
        cuts in vec(1_usize..50, 1..20),
    ) {
        let stream = [noise, READY.into(), jobs.iter().flat_map(encode).collect()].concat();
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
        let ready = Frame::Ready { folder: "/tmp/gateproof-a1".to_owned() };
        let jobs = jobs.into_iter().map(Frame::Done);
        prop_assert_eq!(frames, std::iter::once(ready).chain(jobs).collect::<Vec<_>>());
    }

    #[test]
    fn an_answer_cut_short_at_any_byte_is_never_a_result(job in done()) {
        let whole = encode(&job);
        for end in 0..whole.len() {
            let mut parser = ready();
            parser.push(&whole[..end]);
            prop_assert_eq!(all(&mut parser), Ok(Vec::new()), "cut at {}", end);
            if end > "gateproof-5eed ".len() {
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

    #[test]
    fn once_it_is_ready_no_byte_of_anybody_else_is_passed_over(
        jobs in vec(done(), 0..3),
        stray in vec(any::<u8>(), 1..60),
        // Also what knows everything but the key.
        dressed in any::<bool>(),
    ) {
        let stray = if dressed { [b"gateproof-5eee done 1 t1 exit 0 0 0 0 0 0 no\n", &stray[..]].concat() } else { stray };
        prop_assume!(!stray.starts_with(b"g") || dressed);
        let mut parser = ready();
        for job in &jobs {
            parser.push(&encode(job));
            prop_assert_eq!(all(&mut parser), Ok(vec![Frame::Done(job.clone())]));
        }
        parser.push(&stray);
        parser.push(&encode(&JobDone { id: 7, token: "t7".into(), state: "exit".into(), status: 0, stdout: Captured::default(), stderr: Captured::default(), left: Vec::new(), leased: false }));
        prop_assert!(matches!(all(&mut parser), Err(FrameError::Stray(_))));
    }
}

#[test]
fn bytes_of_somebody_else_inside_of_an_answer_are_an_error() {
    let job = JobDone {
        id: 7,
        token: "t7".into(),
        state: "exit".into(),
        status: 0,
        stdout: Captured::whole(*b"abc"),
        stderr: Captured::default(),
        left: Vec::new(),
        leased: false,
    };
    let whole = encode(&job);
    for place in 1..whole.len() {
        let mut parser = ready();
        parser.push(&[&whole[..place], b"x", &whole[place..]].concat());
        assert!(
            !matches!(all(&mut parser), Ok(frames) if frames.contains(&Frame::Done(job.clone()))),
            "at {place}"
        );
    }
}

#[test]
fn the_key_is_never_shown() {
    let mut parser = ready();
    parser.push(b"xgateproof-5eed done 1");
    let Err(error) = parser.next() else {
        panic!("taken")
    };
    assert_eq!(error.to_string(), "`x… done 1`");
}

#[test]
fn a_stream_longer_or_shorter_than_said_is_an_error() {
    for body in ["abc", "abcde"] {
        let mut parser = FrameParser::new(NONCE);
        parser.push(
            format!(
                "gateproof-5eed done 1 t exit 0 4 4 0 0 0 no\n{body}gateproof-5eed end 1 t\nxx"
            )
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
        "done 1 t exit 0 4 3 0 0 0 no",
        "done 1 t exit 0 0 0 0 0 0",
        "done 1 t exit 0 0 0 0 0 0 perhaps",
        "done 1 t exit 0 +4 4 0 0 0 no",
        "done 1 t exit -1 0 0 0 0 0 no",
        "done 1 t exit 0 0 0 0 0 no",
        "done 1 exit 0 0 0 0 0 0 no",
        "done 1 t exit 0 0 0 0 0 99999 no",
        "done 1 t exit 0 99999999999 99999999999 0 0 0 no",
        "ready 1 exact /tmp/x",
        "ready 3 exact",
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
    parser.push(b"gateproof-5eed ready 3 exact /a\n\ngateproof-5eed ready 3 setsid /tmp/g\n");
    let want = Frame::Ready {
        folder: "/tmp/g".into(),
    };
    assert_eq!(parser.next(), Ok(Some(want)));
}
