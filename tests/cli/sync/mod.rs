//! `sync` between real clones, over real transports.

mod accidents;
mod branches;
mod carrying;
mod claims;
mod converging;
mod folding;
mod hostile;
mod http;
mod net;
mod quiet;
mod refusing;
mod ssh;
