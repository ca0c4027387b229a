/// Room promised to uploads under way and not yet filled, so that the same space is not offered twice.
struct SpaceReservations: Sendable {
    /// Bytes, over all uploads.
    private(set) var total: Int64 = 0
    private var byUpload: [UInt64: Int64] = [:]

    /// An upload is expected to need `bytes`.
    mutating func reserve(_ bytes: Int64, upload: UInt64) {
        byUpload[upload] = bytes
        total += bytes
    }

    /// The upload has written `bytes` more, which now count as used by the disk itself.
    mutating func use(_ bytes: Int64, upload: UInt64) {
        guard let left = byUpload[upload] else { return }
        let used = min(left, bytes)
        byUpload[upload] = left - used
        total -= used
    }

    /// The upload ended.
    mutating func release(upload: UInt64) {
        total -= byUpload.removeValue(forKey: upload) ?? 0
    }
}
