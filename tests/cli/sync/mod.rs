//! `sync` between real clones, over real transports.

mod carrying;
mod claims;
mod converging;
mod hostile;
mod http;
mod net;
mod refusing;
