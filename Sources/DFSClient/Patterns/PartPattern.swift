/// A pattern for one part of a path, as fnmatch(3) reads it: `*` is any text, `?` one character, `[abc]`, `[a-z]` and
/// `[!abc]` one character of a set or of all others; a backslash takes the next character as it is.
///
/// A character is a Unicode scalar. A `[` without its `]`, and a backslash at the end, stand for themselves. A dot at the
/// beginning of a name is a character like others.
struct PartPattern: Sendable, Equatable {
    private enum Token: Sendable, Equatable {
        case character(UnicodeScalar)
        case one
        case any
        case set([ClosedRange<UnicodeScalar>], isNegated: Bool)
    }

    private let tokens: [Token]

    init(_ text: some StringProtocol) {
        var rest = ArraySlice(text.unicodeScalars)
        var tokens: [Token] = []
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": if tokens.last != .any { tokens.append(.any) }
            case "?": tokens.append(.one)
            case "\\": tokens.append(.character(rest.popFirst() ?? scalar))
            case "[": tokens.append(Self.set(&rest) ?? .character(scalar))
            default: tokens.append(.character(scalar))
            }
        }
        self.tokens = tokens
    }

    /// Whether `text` has a character that a pattern reads in its own way.
    static func isPattern(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.contains { $0 == "*" || $0 == "?" || $0 == "[" || $0 == "\\" }
    }

    /// The only name that matches; `nil` where there may be others.
    var literal: String? {
        var text = String.UnicodeScalarView()
        for token in tokens {
            guard case .character(let scalar) = token else { return nil }
            text.append(scalar)
        }
        return String(text)
    }

    /// Whether the whole `name` matches. Takes no more steps than the product of both lengths.
    func matches(_ name: String) -> Bool {
        let name = Array(name.unicodeScalars)
        var (token, character) = (0, 0)
        // Where to go on when what follows the last `*` does not match: that takes one character more.
        var retry: (token: Int, character: Int)?
        while character < name.count {
            if token < tokens.count, tokens[token] == .any {
                retry = (token + 1, character)
                token += 1
            } else if token < tokens.count, Self.accepts(tokens[token], name[character]) {
                token += 1
                character += 1
            } else if let last = retry {
                retry = (last.token, last.character + 1)
                (token, character) = (last.token, last.character + 1)
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .any }
    }

    private static func accepts(_ token: Token, _ scalar: UnicodeScalar) -> Bool {
        switch token {
        case .character(let wanted): wanted == scalar
        case .one, .any: true
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }

    /// What follows a `[`; takes it from `rest`, and nothing where the `]` is missing.
    private static func set(_ rest: inout ArraySlice<UnicodeScalar>) -> Token? {
        var inner = rest
        var ranges: [ClosedRange<UnicodeScalar>] = []
        let isNegated = inner.first == "!" || inner.first == "^"
        if isNegated { inner.removeFirst() }
        var isFirst = true
        while let scalar = inner.popFirst() {
            // One right behind the `[` is a member.
            if scalar == "]", !isFirst {
                rest = inner
                return .set(ranges, isNegated: isNegated)
            }
            isFirst = false
            guard let low = scalar == "\\" ? inner.popFirst() : scalar else { return nil }
            var high = low
            if inner.first == "-", let next = inner.dropFirst().first, next != "]" {
                inner.removeFirst(2)
                guard let end = next == "\\" ? inner.popFirst() : next else { return nil }
                high = end
            }
            // A range that goes backwards holds nothing.
            if low <= high { ranges.append(low...high) }
        }
        return nil
    }
}
