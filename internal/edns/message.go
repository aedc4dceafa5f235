package edns

import "encoding/binary"

// A DNS message: https://www.rfc-editor.org/rfc/rfc1035#section-4.1.
const (
	headBytes    = 12
	responseBit  = 0x80 // of the third byte
	cutBit       = 0x02 // of the third byte: the answer goes on
	codeBits     = 0x0f // of the fourth byte
	answersAt    = 6    // counts of records: answers, authorities, additional ones
	additionalAt = 10

	questionTail = 4  // of a question, behind its name: type and class
	recordTail   = 10 // of a record, behind its name: type, class, TTL, length of the rest
	typeOPT      = 41

	codeSuccess     = 0
	codeFormatError = 1
	codeNoSuchName  = 3
	codeNotDone     = 4
	codeBadVersion  = 1 // of OPT: the high bits of 16
)

// Question is the part of a message that has its first question; nil: there is none.
func Question(message []byte) []byte {
	if len(message) < headBytes {
		return nil
	}
	end := skipName(message, headBytes)
	if end < 0 || end+questionTail > len(message) {
		return nil
	}
	return message[headBytes : end+questionTail]
}

// Plain returns a copy of a question in a message of its own, without EDNS; nil: it has
// none, or is no question.
func Plain(message []byte) []byte {
	question := Question(message)
	if question == nil || binary.BigEndian.Uint16(message[additionalAt:]) == 0 {
		return nil
	}
	short := append([]byte(nil), message[:headBytes+len(question)]...)
	short[additionalAt], short[additionalAt+1] = 0, 0
	return short
}

// misunderstood reports whether a message is the answer of a server that cannot read a
// question with EDNS, or cannot answer it: it says so, or its message falls apart before
// the first record of the answer has ended.
func misunderstood(message []byte) bool {
	switch message[3] & codeBits {
	case codeFormatError, codeNotDone:
		return true
	}
	whole, readable, extended := look(message)
	return extended == codeBadVersion || !whole && readable == 0 && message[2]&cutBit == 0
}

// look reads the records of a message: whether all are there, how many of the answer's are,
// and the high bits of the code in OPT. It follows no pointer, so its time is in proportion to
// the length.
func look(message []byte) (whole bool, readable int, extended byte) {
	count := func(at int) int { return int(binary.BigEndian.Uint16(message[at:])) }
	at := headBytes
	for range count(4) {
		if at = skipName(message, at); at < 0 || at+questionTail > len(message) {
			return false, 0, 0
		}
		at += questionTail
	}
	answers := count(answersAt)
	for i := range answers + count(answersAt+2) + count(additionalAt) {
		if at = skipName(message, at); at < 0 || at+recordTail > len(message) {
			return false, readable, extended
		}
		if binary.BigEndian.Uint16(message[at:]) == typeOPT && i >= answers {
			extended = message[at+4]
		}
		if at += recordTail + int(binary.BigEndian.Uint16(message[at+8:])); at > len(message) {
			return false, readable, extended
		}
		if i < answers {
			readable++
		}
	}
	return true, readable, extended
}

// skipName is where what is behind the name at a place begins; -1: there is none.
func skipName(message []byte, at int) int {
	for at < len(message) {
		switch n := int(message[at]); {
		case n == 0:
			return at + 1
		case n >= 0xc0: // a pointer ends a name
			return at + 2
		case n >= 0x40:
			return -1
		default:
			at += n + 1
		}
	}
	return -1
}

// settles reports whether a message is an answer to a question: there is, or is not, such
// a name.
func settles(message []byte) bool {
	code := message[3] & codeBits
	return code == codeSuccess || code == codeNoSuchName
}
