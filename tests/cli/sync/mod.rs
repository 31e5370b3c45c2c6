//! `sync` between real clones, over real transports.

mod branches;
mod accidents;
mod carrying;
mod claims;
mod converging;
mod folding;
mod hostile;
mod http;
mod net;
mod refusing;
