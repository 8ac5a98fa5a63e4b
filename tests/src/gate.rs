//! A door in front of a server, which a test can shut and open again: an outage that harms nobody else.

use std::io::Read as _;
use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A door.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    passage: Arc<Passage>,
}

#[derive(Debug)]
struct Passage {
    server: SocketAddr,
    open: AtomicBool,
    gone: AtomicBool,
    through: Mutex<Vec<TcpStream>>,
}

impl Gate {
    /// An open door to a server.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let passage = Arc::new(Passage {
            server,
            open: AtomicBool::new(true),
            gone: AtomicBool::new(false),
            through: Mutex::default(),
        });
        let keeper = Arc::clone(&passage);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if keeper.gone.load(Ordering::SeqCst) {
                    return;
                }
                keeper.admit(client);
            }
        });
        Self { address, passage }
    }

    /// Where the door is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts it, and drops everybody who is in.
    pub fn shut(&self) {
        self.passage.open.store(false, Ordering::SeqCst);
        for stream in self.passage.through.lock().expect("no thread panics here").drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Opens it again.
    pub fn open(&self) {
        self.passage.open.store(true, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.passage.gone.store(true, Ordering::SeqCst);
        self.shut();
        // Wakes the keeper, so that it sees that it is no longer needed.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Passage {
    fn admit(&self, client: TcpStream) {
        if !self.open.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(self.server) else { return };
        let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { return };
        let mut through = self.through.lock().expect("no thread panics here");
        through.extend([client.try_clone(), server.try_clone()].into_iter().flatten());
        std::thread::spawn(move || carry(from, server));
        std::thread::spawn(move || carry(to, client));
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::Gate;

    #[test]
    fn a_shut_gate_lets_nobody_through() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Gate::to(server.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut client in server.incoming().map_while(Result::ok) {
                client.write_all(b"hello").unwrap();
            }
        });
        let visit = || {
            let mut text = String::new();
            TcpStream::connect(gate.address())
                .and_then(|mut stream| stream.read_to_string(&mut text))
                .map(|_| text)
                .unwrap_or_default()
        };
        assert_eq!(visit(), "hello");
        gate.shut();
        assert_eq!(visit(), "");
        gate.open();
        assert_eq!(visit(), "hello");
    }
}
