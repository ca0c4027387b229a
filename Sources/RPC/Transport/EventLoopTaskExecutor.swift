import NIOCore

/// Runs tasks on one event loop, so that a handler touches its connection's state without locks or thread hops.
///
/// Nothing that blocks may run on it: every connection of the loop would stand still.
package final class EventLoopTaskExecutor: TaskExecutor {
    package let eventLoop: any EventLoop

    package init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
