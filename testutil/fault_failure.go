package testutil

import (
	"fmt"
)

// Failure is a way in which a server fails to have a call executed by the leader,
// each with words of its own. What is true of the request follows from it.
type Failure int

const (
	// FailStreamClosed is "stream closed": the follower's stream to the leader
	// had ended, and nothing was sent. So it never ran.
	FailStreamClosed Failure = iota + 1
	// FailStartStream is "failed to start stream: session shutdown": no stream
	// could be opened. It never ran.
	FailStartStream
	// FailDial is "failed to get conn: dial tcp ...: connection refused". It
	// never ran.
	FailDial
	// FailSessionShutdown is "session shutdown": the session to the leader ended
	// while the call was under way. It may have run.
	FailSessionShutdown
	// FailWriteReset is "write tcp ...: write: connection reset by peer". It may
	// have run.
	FailWriteReset
	// FailReadReset is "read tcp ...: read: connection reset by peer". It may
	// have run.
	FailReadReset
	// FailConnReset is "connection reset". It may have run.
	FailConnReset
	// FailEOF is "EOF": the leader died with the call. It may have run.
	FailEOF
	// FailTransfer is "leadership transfer in progress". The log was not
	// applied; a handler that applies several may have applied some.
	FailTransfer
	// FailNotLeader is "node is not the leader". The same is true.
	FailNotLeader
	// FailRaftShutdown is "raft is already shutdown". The same is true.
	FailRaftShutdown
	// FailLeadershipLost is "leadership lost while committing log". It may have
	// been applied.
	FailLeadershipLost
	// FailHeartbeatNotLeader is "failed to reset heartbeat since server is not
	// leader". It was applied: a server sets the time of the next heartbeat last.
	FailHeartbeatNotLeader
	// FailKeyring is "failed to sign node identity claims: keyring has not been
	// initialized yet". It was refused before anything was applied.
	FailKeyring
)

// Failures lists them all.
func Failures() (all []Failure) {
	for f := FailStreamClosed; f <= FailKeyring; f++ {
		all = append(all, f)
	}
	return all
}

// neverRan reports whether nothing was sent, or all refused, in every case.
func (f Failure) neverRan() bool {
	return f == FailStreamClosed || f == FailStartStream || f == FailDial || f == FailKeyring
}

// forwards reports whether only a server that forwards a call can fail so.
func (f Failure) forwards() bool { return f >= FailStreamClosed && f <= FailEOF }

// text is the error of the server that runs into it; local and leader are the ends of
// the connection that a follower has to the leader.
func (f Failure) text(local, leader string) string {
	switch f {
	case FailStreamClosed:
		return ErrTextStreamClosed
	case FailStartStream:
		return ErrTextStartStream(ErrTextSessionShutdown)
	case FailDial:
		return ErrTextDialRefused(leader)
	case FailSessionShutdown:
		return ErrTextSessionShutdown
	case FailWriteReset:
		return ErrTextWriteReset(local, leader)
	case FailReadReset:
		return ErrTextReadReset(local, leader)
	case FailConnReset:
		return ErrTextConnReset
	case FailEOF:
		return ErrTextEOF
	case FailTransfer:
		return ErrTextTransferInProgress
	case FailNotLeader:
		return ErrTextNotLeader
	case FailRaftShutdown:
		return ErrTextRaftShutdown
	case FailLeadershipLost:
		return ErrTextLeadershipLost
	case FailHeartbeatNotLeader:
		return ErrTextHeartbeatNotLeader
	case FailKeyring:
		return ErrTextNoKeyring
	default:
		return fmt.Sprintf("testutil: failure %d", int(f))
	}
}

// String is the text, with placeholders for addresses.
func (f Failure) String() string { return f.text("A", "B") }

// Wrapping is the text that a handler puts around Raft's error.
type Wrapping int

const (
	// WrapNone leaves the text as it is.
	WrapNone Wrapping = iota
	// WrapRaftApply puts "raft apply failed: " in front, see [ErrTextRaftApply].
	WrapRaftApply
	// WrapMulti makes it a list of one, see [ErrTextMulti].
	WrapMulti
)

func (w Wrapping) around(text string) string {
	switch w {
	case WrapRaftApply:
		return ErrTextRaftApply(text)
	case WrapMulti:
		return ErrTextMulti(text)
	default:
		return text
	}
}
