//! Other nodes of the swarm: what runs there, this machine's engine does not show. The manager's
//! word on a task stands in for its container.

use std::collections::BTreeMap;

use super::view::{OtherNode, Service, StackView, Task, TaskState, UpdateState};

/// The other nodes by their ids.
pub(super) type OtherNodes = BTreeMap<String, OtherNode>;

impl StackView {
    /// The tasks on other nodes that still live and are no part of what is wanted now: what
    /// [`StackView::outgoing`] is for this machine's containers.
    pub fn outgoing_elsewhere(&self) -> Vec<&Task> {
        let all = self.services.iter().flat_map(|service| &service.tasks);
        let all = all.chain(&self.orphans);
        all.filter(|task| task.lives_elsewhere() && !(task.current && task.is_wanted()))
            .collect()
    }

    /// How much of what is not wanted any more still lives, wherever it is.
    pub fn outgoing_count(&self) -> usize {
        self.outgoing().len() + self.outgoing_elsewhere().len()
    }
}

/// The node that is down, and for which a deploy waits: a task that is wanted was given to it, or
/// an update cannot go on before a task there has ended. What is missing then is not the app's
/// fault.
pub fn waits_for_node(view: &StackView) -> Option<&OtherNode> {
    let updating = |service: &Service| {
        let update = service.update.as_ref();
        update.is_some_and(|update| {
            matches!(
                update.state,
                UpdateState::Updating | UpdateState::RollbackStarted
            )
        })
    };
    view.services.iter().find_map(|service| {
        let goes_on = updating(service);
        let mut tasks = service.tasks.iter().filter(|task| {
            task.state <= TaskState::Running && (goes_on || task.current && task.is_wanted())
        });
        tasks.find_map(|task| task.node.as_ref().filter(|node| !node.is_up))
    })
}

/// Whether the engine takes updates back, and every one of them because of a lost node
/// ([`Service::is_taken_back_for_a_lost_node`]).
pub fn is_taken_back_for_a_lost_node(view: &StackView) -> bool {
    let goes_back = |service: &&Service| {
        let update = service.update.as_ref();
        update.is_some_and(|update| update.state.goes_back())
    };
    let mut back = view.services.iter().filter(goes_back).peekable();
    back.peek().is_some() && back.all(Service::is_taken_back_for_a_lost_node)
}

impl Service {
    /// Whether the engine stopped its update because of a task that was lost with its node. The
    /// update says nothing about the app then, and goes on no more: Swarm has started another task
    /// in its place.
    pub fn was_stopped_by_a_lost_node(&self) -> bool {
        let Some(update) = self.update.as_ref() else {
            return false;
        };
        let mut lost = self.tasks.iter().filter(|task| task.is_lost());
        update.state == UpdateState::Paused && lost.any(|task| update.message.contains(&task.id))
    }

    /// Whether the engine takes, or took, its update back because of a task that was lost with its
    /// node (`failure_action: rollback`): of the tasks that the update made one is lost, and none
    /// has failed. When the way back is over, the engine's message names no task any more.
    fn is_taken_back_for_a_lost_node(&self) -> bool {
        let Some(update) = self
            .update
            .as_ref()
            .filter(|update| update.state.goes_back())
        else {
            return false;
        };
        let of_update = |task: &&Task| {
            let made = task.created.zip(update.started);
            !task.current && made.is_some_and(|(created, started)| created >= started)
        };
        let mut made = self.tasks.iter().filter(of_update);
        let lost = made.clone().any(Task::is_lost);
        lost && !made.any(Task::has_failed)
    }

    /// The other nodes on which its data is, if it has any: those of the tasks that are wanted,
    /// or else of the newest task that was given to a node.
    pub fn nodes_elsewhere(&self) -> Vec<&OtherNode> {
        let placed = |task: &&Task| task.node.is_some() || task.container.is_some();
        let mut wanted = self.tasks.iter().filter(|task| task.is_wanted());
        let none_placed = !wanted.any(|task| placed(&task));
        let newest = self.tasks.iter().find(placed).filter(|_| none_placed);
        let wanted = self.tasks.iter().filter(|task| task.is_wanted());
        wanted
            .chain(newest)
            .filter_map(|task| task.node.as_ref())
            .collect()
    }
}

impl Task {
    /// Whether it went with its node: what became of it says nothing about the app.
    fn is_lost(&self) -> bool {
        let is_down = self.node.as_ref().is_some_and(|node| !node.is_up);
        self.state == TaskState::Orphaned || is_down
    }

    /// Whether it holds ports, volumes or answers on another node that is up.
    fn lives_elsewhere(&self) -> bool {
        let live = matches!(self.state, TaskState::Starting | TaskState::Running);
        live && self.node.as_ref().is_some_and(|node| node.is_up)
    }
}
