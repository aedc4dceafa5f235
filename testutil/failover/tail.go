//go:build linux

package main

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// What servers ask of an agent, as it is on the wire.
type (
	statsArgs struct{ NodeID string }
	logsArgs  struct {
		Follow, PlainText bool
	}
	statsReply struct{ HostStats hostStats }
	hostStats  struct{ Uptime uint64 }
)

// stats is the answer to ClientStats.Stats.
func stats() statsReply { return statsReply{hostStats{Uptime: uint64(time.Since(began).Seconds())}} }

// logLine is a line of the log that an agent shows.
func logLine(i int) string { return "line " + strconv.Itoa(i) + "\n" }

// tail writes a line each second until that fails, or ctx or what the server sends
// ends: that is how a server ends the following of a log.
func tail(ctx context.Context, from io.Reader, write func(line []byte) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, from) // nothing is expected but the end
		stop()
	}()
	for i := 0; ; i++ {
		if err := write([]byte(logLine(i))); err != nil {
			return err
		}
		if !pause(ctx, tailEvery) {
			return nil
		}
	}
}

// The methods by which servers reach agents.
const (
	methodStats = "ClientStats.Stats"
	methodLogs  = "FileSystem.Logs"
)

var stockHandle = &codec.MsgpackHandle{}

const (
	reachEvery   = time.Second      // from one call to an agent to the next
	reachTimeout = 30 * time.Second // a call without an answer has failed then
	tailEvery    = time.Second      // from one line of a log to the next
	tailSilence  = 15 * time.Second // a log without a line for so long has ended
)
