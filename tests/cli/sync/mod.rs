//! `sync` between real clones, over real transports.

mod accidents;
mod carrying;
mod converging;
mod hostile;
mod http;
mod net;
mod refusing;
