package dns

const (
	codeFormatError = 1
	codeNotDone     = 4

	additionalAt = 11 // low byte of the number of additional records
	questionTail = 5  // of a question, behind its labels: their end, type and class
)

// plain returns a message with its question and without EDNS, for a resolver that does not
// know EDNS; nil: the message has none. https://www.rfc-editor.org/rfc/rfc6891#section-7.
func plain(message []byte) []byte {
	if len(message) < headBytes || message[additionalAt] == 0 {
		return nil
	}
	end := headBytes
	for end < len(message) && message[end] != 0 {
		end += int(message[end]) + 1
	}
	if end += questionTail; end > len(message) {
		return nil
	}
	short := append([]byte(nil), message[:end]...)
	short[additionalAt] = 0
	return short
}

// again sends the question once more without EDNS if the resolver's answer is that it does
// not understand the question, and reports whether it did.
func (o *observed) again(answer []byte) bool {
	if o.plain == nil || len(answer) < headBytes || [2]byte(answer) != o.id {
		return false
	}
	if code := answer[3] & codeBits; code != codeFormatError && code != codeNotDone {
		return false
	}
	_, err := o.Conn.Write(o.plain)
	o.plain = nil
	return err == nil
}
