//! `sync` between real clones, over real transports.

mod accidents;
mod carrying;
mod claims;
mod converging;
mod hostile;
mod http;
mod net;
mod refusing;
