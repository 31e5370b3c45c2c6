//! `sync` between real clones, over real transports.

mod branches;
mod carrying;
mod converging;
mod folding;
mod hostile;
mod http;
mod net;
mod refusing;
