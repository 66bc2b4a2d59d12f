//! Why a version failed, in the words of the engine and of the app itself: looked up before the
//! way back removes what could tell.

use std::time::Duration;

use serde::Serialize;

use super::Machine;
use crate::engine::{Engine, Service, StackView, Task, TaskState, UpdateState};

/// So much time the whole look has: going back must not wait for it.
const LIMIT: Duration = Duration::from_secs(20);
/// So many tasks of a service are told, the newest.
const TASKS: usize = 3;
/// So many of the last lines of a container's log are on record.
const LINES: usize = 20;
/// So many of them are told at once.
const TOLD: usize = 3;
/// Longer lines are cut.
const LONGEST: usize = 400;

/// What is known of one service.
#[derive(Debug, Serialize)]
struct ServiceWords {
    service: String,
    /// What the engine says of its update, where that did not simply end.
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<String>,
    /// What the engine says of its tasks that do not run.
    tasks: Vec<String>,
    /// The end of its newest container's log.
    log: Vec<String>,
}

impl Machine<'_> {
    /// Puts on record what the engine and the containers say now. That it cannot be had is told,
    /// and changes nothing.
    pub(super) async fn record_why(&self) {
        let looked = tokio::time::timeout(LIMIT, self.words()).await;
        let services = match looked {
            Ok(Ok(services)) => services,
            Ok(Err(error)) => return self.flight.remark(format!("why is not known: {error}")),
            Err(_) => {
                return self
                    .flight
                    .remark("why is not known: the engine is too slow");
            }
        };
        for service in &services {
            let name = &service.service;
            for words in service.update.iter().chain(&service.tasks) {
                self.flight.remark(format!("service {name}: {words}"));
            }
            // What runs as it should, and is not asked for anything, has nothing to say.
            let told = service.log.len().saturating_sub(TOLD);
            if service.update.is_some() || !service.tasks.is_empty() || services.len() == 1 {
                for line in &service.log[told..] {
                    self.flight.remark(format!("log of {name}: {line}"));
                }
            }
        }
        self.flight.why(&services);
    }

    async fn words(&self) -> Result<Vec<ServiceWords>, crate::engine::EngineError> {
        let view = self.look().await?;
        let mut all = Vec::new();
        for service in &view.services {
            all.push(words_of(&self.site.engine, &view, service).await);
        }
        Ok(all)
    }
}

async fn words_of(engine: &Engine, view: &StackView, service: &Service) -> ServiceWords {
    let update = service.update.as_ref();
    let update = update.filter(|update| update.state != UpdateState::Completed);
    // What the engine took back is no task of the present spec any more.
    let taken_back = update.is_some_and(|update| update.state.goes_back());
    let amiss = |task: &&Task| is_amiss(task, taken_back);
    let failed = service.tasks.iter().filter(amiss);
    let mut tasks: Vec<String> = Vec::new();
    for task in failed.take(TASKS) {
        let mut words = task_words(task);
        if let Some(container) = &task.container
            && engine.was_out_of_memory(container).await
        {
            words.push_str(", out of memory");
        }
        if !tasks.contains(&words) {
            tasks.push(words);
        }
    }
    let unhealthy = service.tasks.iter().filter_map(|task| {
        let container = view.container(task.container.as_deref()?)?;
        let health = container
            .health
            .filter(|_| task.current && task.is_wanted())?;
        (health != crate::engine::Health::Healthy)
            .then(|| format!("its container is {health:?}").to_lowercase())
    });
    tasks.extend(unhealthy);
    // The newest container that there is; of a task that never had one there is no log.
    let of_failed = service.tasks.iter().filter(amiss);
    let of_current = service.tasks.iter().filter(|task| task.current);
    let newest = of_failed
        .chain(of_current)
        .find_map(|task| task.container.as_deref());
    let log = match newest {
        Some(container) => engine.logs(container, LINES).await.unwrap_or_default(),
        None => Vec::new(),
    };
    ServiceWords {
        service: service.short.clone(),
        update: update.map(|update| format!("{:?}: {}", update.state, update.message)),
        tasks,
        log: log.into_iter().map(cut).collect(),
    }
}

/// Whether a task of the present spec (or, where the engine took that back, of the one before)
/// ended badly, or waits and says for what.
fn is_amiss(task: &Task, taken_back: bool) -> bool {
    let waits = task.error.is_some() && task.state < TaskState::Running;
    (task.current || taken_back) && (task.has_failed() || waits)
}

fn task_words(task: &Task) -> String {
    let state = format!("{:?}", task.state).to_lowercase();
    let error = task.error.as_deref().unwrap_or("without a reason");
    match task.exit_code.filter(|code| *code != 0) {
        Some(code) if !error.contains(&code.to_string()) => {
            format!("task {state}: {error} (exit code {code})")
        }
        _ => format!("task {state}: {error}"),
    }
}

fn cut(line: String) -> String {
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
