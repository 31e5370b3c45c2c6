//! `sync` between real clones, over real transports.

mod converging;
mod hostile;
mod http;
mod net;
mod refusing;
