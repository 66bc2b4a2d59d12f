//! A TCP proxy on loopback whose link can be slow, or be cut, loudly or silently.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const OPEN: u8 = 0;
const FROZEN: u8 = 1;
const CLOSED: u8 = 2;
/// Connections are taken and closed at once.
const HANGING_UP: u8 = 3;

/// The proxy; its threads end when it is dropped.
pub struct Proxy {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    state: Arc<AtomicU8>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy in front of a port of this machine.
    pub fn to(port: u16) -> Proxy {
        Self::start(port, OPEN, Duration::ZERO)
    }

    /// As [`Proxy::to`]; each byte arrives so much later, in both directions.
    pub fn slow(port: u16, delay: Duration) -> Proxy {
        Self::start(port, OPEN, delay)
    }

    /// A server that hangs up on everyone.
    pub fn hanging_up() -> Proxy {
        Self::start(0, HANGING_UP, Duration::ZERO)
    }

    fn start(target: u16, state: u8, delay: Duration) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(AtomicU8::new(state));
        let connections = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&state), Arc::clone(&connections));
        std::thread::spawn(move || {
            while shared.load(Ordering::SeqCst) != CLOSED {
                let Ok((near, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                count.fetch_add(1, Ordering::SeqCst);
                if shared.load(Ordering::SeqCst) == HANGING_UP {
                    continue;
                }
                near.set_nonblocking(false).unwrap();
                let far = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).unwrap();
                // What waits to be sent as one packet is waiting of our own.
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                for (from, to) in [
                    (near.try_clone(), far.try_clone()),
                    (far.try_clone(), near.try_clone()),
                ] {
                    let (from, to, state) = (from.unwrap(), to.unwrap(), Arc::clone(&shared));
                    std::thread::spawn(move || copy(from, to, &state, delay));
                }
            }
        });
        Proxy {
            port,
            state,
            connections,
        }
    }

    /// From now on nothing passes, and nobody is told.
    pub fn freeze(&self) {
        self.state.store(FROZEN, Ordering::SeqCst);
    }

    /// Closes all connections, and takes no more.
    pub fn close(&self) {
        self.state.store(CLOSED, Ordering::SeqCst);
    }

    /// How many connections were taken so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.close();
    }
}

fn copy(mut from: TcpStream, to: TcpStream, state: &AtomicU8, delay: Duration) {
    from.set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let both = [from.try_clone().unwrap(), to.try_clone().unwrap()];
    let sender = send_later(to, delay);
    let mut chunk = [0; 16 * 1024];
    loop {
        match state.load(Ordering::SeqCst) {
            CLOSED => break,
            FROZEN => {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            _ => {}
        }
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(_) if state.load(Ordering::SeqCst) == FROZEN => {}
            Ok(count) => {
                let due = Instant::now() + delay;
                if sender.send((due, chunk[..count].to_vec())).is_err() {
                    break;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    if state.load(Ordering::SeqCst) != CLOSED {
        // What is under way arrives before the end does.
        std::thread::sleep(delay);
    }
    // The other direction may have closed both already.
    for stream in both {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// Writes what it is sent, each piece when it is due.
fn send_later(mut to: TcpStream, delay: Duration) -> mpsc::Sender<(Instant, Vec<u8>)> {
    let (sender, pieces) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        for (due, bytes) in pieces {
            if !delay.is_zero() {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
    });
    sender
}
