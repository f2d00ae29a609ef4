//! Which mirror answers: all are asked at once, so that without a network nobody waits for one after another.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ureq::Agent;

use crate::dataset::error::DatasetError;

use super::{TICK, USER_AGENT, Watch};

/// The index of the first of `urls` that answers, whatever it answers, within `patience`.
/// Error: a stop was asked for, or none answers; why not is said of each.
pub fn first_to_answer(urls: &[String], patience: Duration, watch: &Watch) -> Result<usize, DatasetError> {
    let config = Agent::config_builder().http_status_as_error(false).user_agent(USER_AGENT);
    first_with(&config.timeout_global(Some(patience)).build().into(), urls, patience, watch)
}

pub(super) fn first_with(
    agent: &Agent,
    urls: &[String],
    patience: Duration,
    watch: &Watch,
) -> Result<usize, DatasetError> {
    let (sender, answers) = channel();
    for (index, url) in urls.iter().enumerate() {
        let (agent, asked, sender) = (agent.clone(), url.clone(), sender.clone());
        // Nobody listens any more once another mirror answered.
        let ask = move || drop(sender.send((index, agent.head(&asked).call().map(drop))));
        std::thread::Builder::new()
            .name("mirror".into())
            .spawn(ask)
            .map_err(|error| DatasetError::new(format!("no thread to ask {url}: {error}")))?;
    }
    drop(sender);
    let mut misses = vec![format!("no answer within {} s", patience.as_secs_f64()); urls.len()];
    let end = Instant::now() + patience;
    loop {
        watch.cancel.check()?;
        let left = end.saturating_duration_since(Instant::now());
        match answers.recv_timeout(left.min(TICK)) {
            Ok((index, Ok(()))) => return Ok(index),
            Ok((_, Err(ureq::Error::Timeout(_)))) => {}
            Ok((index, Err(error))) => misses[index] = error.to_string(),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    let misses: Vec<String> = urls.iter().zip(misses).map(|(url, why)| format!("  {url}: {why}")).collect();
    Err(DatasetError::new(format!("no mirror answers:\n{}", misses.join("\n"))))
}
