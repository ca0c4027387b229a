/// What a node does beside answering calls, copying chunks and talking to its master.
struct BackgroundWork: Sendable {
    let checker: ReplicaChecker
    let scrubber: Scrubber
    let deletion: DeletionWorker
    let housekeeper: Housekeeper

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await checker.run() }
            group.addTask { await scrubber.run() }
            group.addTask { await deletion.run() }
            group.addTask { await housekeeper.run() }
        }
    }
}
