package trips

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/path"
)

// line16MiB is how long 16 MiB are on the line of path.Far.
const line16MiB = 135 * time.Millisecond

func largeBodiesAtTheSameTimeShareThePath(t *testing.T, _ *path.Path, call func(string) time.Duration) {
	call("reply-16MiB")
	idle, begin := call("heartbeat"), time.Now()
	end := keep(4, call)
	time.Sleep(200 * time.Millisecond) // the first ones come all at once
	beside := heartbeats(29, call)
	calls := end()
	line := float64(calls) * float64(line16MiB) / float64(time.Since(begin))
	t.Logf("beside four replies at once a heartbeat took %v in the median, the longest %v; of the line was used %.2f", beside[14], beside[28], line)
	if beside[14] > idle*3/2 {
		t.Errorf("beside four replies a heartbeat took %v in the median, without them %v", beside[14], idle)
	}
	if line < 0.8 {
		t.Errorf("four replies at once used %.2f of the line", line)
	}
	if took := call("reply-16MiB"); took > 175*time.Millisecond {
		t.Errorf("one alone took %v after them", took)
	}
}

// farther is how the way becomes longer: from 2 ms there and back to 40.
func farther() (near, far path.Config) {
	near, far = path.Far(), path.Far()
	near.OneWay, far.OneWay = time.Millisecond, 20*time.Millisecond
	return near, far
}

// filledAgain checks that replies take what they take over a way of 40 ms, some seconds after it has
// become as long.
func filledAgain(t *testing.T, call func(string) time.Duration) {
	t.Helper()
	const limit = (line16MiB + 40*time.Millisecond) * 10 / 9
	begin, first := time.Now(), call("reply-16MiB")
	last := first
	for last > limit && time.Since(begin) < 14*time.Second {
		last = call("reply-16MiB")
	}
	t.Logf("over a way that has become 40 ms long a reply of 16 MiB took %v, and %v later %v", first, time.Since(begin), last)
	if last > limit {
		t.Errorf("a reply of 16 MiB took %v in the end, want %v", last, limit)
	}
	beside := besideAfter(0, call)
	t.Logf("a heartbeat beside them %v", beside)
	if beside > 60*time.Millisecond {
		t.Errorf("a heartbeat took %v in the median over a way of 40 ms", beside)
	}
}

func aWayThatBecomesLongerIsFilledAgain(t *testing.T, way *path.Path, call func(string) time.Duration) {
	near, far := farther()
	way.Become(near)
	call("reply-16MiB")
	call("reply-16MiB")
	way.Become(far)
	filledAgain(t, call)
}

func aWayThatBecomesLongerAmidAReplyIsFilledAgain(t *testing.T, way *path.Path, call func(string) time.Duration) {
	near, far := farther()
	way.Become(near)
	call("reply-16MiB")
	time.AfterFunc(60*time.Millisecond, func() { way.Become(far) })
	call("reply-16MiB")
	filledAgain(t, call)
}

// besideAfter is the median of a heartbeat beside replies of 16 MiB for which the path has been
// filled for so long.
func besideAfter(busy time.Duration, call func(string) time.Duration) time.Duration {
	end := keep(1, call)
	time.Sleep(busy)
	beside := heartbeats(15, call)
	end()
	return beside[7]
}

// slowly is a path of a line of 31 Mbit/s, and so much there and back: that it is busy for half a
// minute is not much to carry.
func slowly(trip time.Duration) path.Config {
	cfg := path.Far()
	cfg.OneWay, cfg.Rate = trip/2, cfg.Rate/32
	return cfg
}

func aWayThatBecomesShorterIsNotFilledTwice(t *testing.T, way *path.Path, call func(string) time.Duration) {
	way.Become(slowly(640 * time.Millisecond))
	call("reply-16MiB")
	call("reply-16MiB")
	way.Become(slowly(160 * time.Millisecond))
	before, after := besideAfter(0, call), besideAfter(15*time.Second, call)
	t.Logf("over a way that has become 160 ms long a heartbeat beside replies took %v, and in the end %v", before, after)
	if after > 240*time.Millisecond {
		t.Errorf("a heartbeat took %v over a way of 160 ms", after)
	}
}

func aLineThatBecomesSlowerIsNotFilledForLong(t *testing.T, way *path.Path, call func(string) time.Duration) {
	cfg := slowly(320 * time.Millisecond)
	way.Become(cfg)
	call("reply-16MiB")
	call("reply-16MiB")
	cfg.Rate /= 3
	way.Become(cfg)
	before, after := besideAfter(0, call), besideAfter(15*time.Second, call)
	t.Logf("over a line that has become slower a heartbeat beside replies took %v, and in the end %v", before, after)
	if after > 480*time.Millisecond {
		t.Errorf("a heartbeat took %v over a line that has become slower", after)
	}
}

// What waits on the way because of the windows is not taken for the way, however long there is
// nothing else.
func aSessionThatIsBusyForLongKeepsItsMeasure(t *testing.T, way *path.Path, call func(string) time.Duration) {
	way.Become(slowly(320 * time.Millisecond))
	call("reply-16MiB")
	after := besideAfter(15*time.Second, call)
	t.Logf("beside replies for long a heartbeat took %v", after)
	if after > 450*time.Millisecond {
		t.Errorf("beside replies for long a heartbeat took %v", after)
	}
	// Neither where they come now and then, and nothing else does.
	for range 3 {
		time.Sleep(time.Minute)
		call("reply-16MiB")
	}
	after = besideAfter(0, call)
	t.Logf("after replies now and then a heartbeat beside one took %v", after)
	if after > 450*time.Millisecond {
		t.Errorf("after replies now and then a heartbeat beside one took %v", after)
	}
}
