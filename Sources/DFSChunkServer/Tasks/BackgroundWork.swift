/// All that a node does beside answering calls and talking to its master.
struct BackgroundWork: Sendable {
    let replication: ReplicationWorker
    let deletion: DeletionWorker
    let housekeeper: Housekeeper

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await replication.run() }
            group.addTask { await deletion.run() }
            group.addTask { await housekeeper.run() }
        }
    }
}
