/// Texts that many records have in common, each kept once.
struct SharedTexts: Sendable {
    private var known: [String: (text: TextTable.Handle, users: Int)] = [:]

    /// The handle of `text`, for one more user.
    mutating func use(_ text: String, in texts: inout TextTable) -> TextTable.Handle {
        if let entry = known[text] {
            known[text] = (entry.text, entry.users + 1)
            return entry.text
        }
        let handle = texts.insert(text)
        known[text] = (handle, 1)
        return handle
    }

    /// One user less; the text goes with the last.
    mutating func release(_ handle: TextTable.Handle, in texts: inout TextTable) {
        let text = texts[handle]
        guard let entry = known[text] else { return }
        guard entry.users == 1 else {
            known[text] = (entry.text, entry.users - 1)
            return
        }
        known[text] = nil
        texts.remove(handle)
    }
}
