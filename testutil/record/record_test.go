package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// patience is how long a test waits for an event, on however slow a machine.
const patience = time.Minute

func startCluster(t *testing.T, cfg testutil.ClusterConfig) *testutil.Cluster {
	t.Helper()
	cluster, err := testutil.StartCluster(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, cluster) })
	return cluster
}

func stop(t *testing.T, s interface{ Stop(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// chatter has all servers log until the test ends, so that logs have lines.
func chatter(t *testing.T, cluster *testutil.Cluster) {
	t.Helper()
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				for i := range cluster.Addrs() {
					cluster.Server(i).Log("a line")
				}
			case <-quit:
				return
			}
		}
	}()
	t.Cleanup(func() { close(quit); <-ended })
}

// quick are the conversations that need no waiting for pings.
const quick = "ping,bad_mode_byte,unknown_method,register_heartbeat,refused_arguments,follower_errors,event_stream,streaming_open"

func TestARecordingIsPlayedBackTheSame(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ca.Server("eu")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"ca": ca.PEM(), "cert": id.CertPEM, "key": id.KeyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		server testutil.ServerConfig
		args   []string
	}{
		"plain": {},
		"TLS": {
			server: testutil.ServerConfig{Region: "eu", TLS: ca.ServerTLS(id, "eu")},
			args:   []string{"-region", "eu", "-ca", filepath.Join(dir, "ca"), "-cert", filepath.Join(dir, "cert"), "-key", filepath.Join(dir, "key")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, out := startCluster(t, testutil.ClusterConfig{Server: c.server}), t.TempDir()
			chatter(t, cluster)
			var said bytes.Buffer
			args := append([]string{"-servers", strings.Join(cluster.Addrs(), ","), "-out", out, "-conversations", quick}, c.args...)
			if err := run(t.Context(), args, strings.NewReader(""), &said); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(said.String(), "  stream") {
				t.Errorf("the fake servers answer as recorded, and yet:\n%s", &said)
			}
			for _, name := range strings.Split(quick, ",") {
				recorded, err := testutil.LoadTranscript(filepath.Join(out, name+".json"))
				if err != nil {
					t.Fatal(err)
				}
				if recorded.NomadVersion != "2.0.6" || len(recorded.Frames) == 0 {
					t.Errorf("%s is of version %q", name, recorded.NomadVersion)
				}
				playedBackTheSame(t, recorded)
			}
		})
	}
}

// playedBackTheSame plays a recording, records that and compares.
func playedBackTheSame(t *testing.T, recorded *testutil.Transcript) {
	t.Helper()
	player, err := testutil.StartPlayer(testutil.PlayerConfig{Transcript: recorded})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, player)
	again, err := (&recorder{region: "global", patience: patience}).record(t.Context(), player.Addr(), recorded)
	if err != nil {
		t.Fatalf("%s: %v", recorded.Name, err)
	}
	for i, want := range recorded.Streams {
		if i >= len(again.Streams) {
			t.Errorf("%s: no stream %d", recorded.Name, want.ID)
			continue
		}
		if got := again.Streams[i]; !bytes.Equal(got.ServerToClient, want.ServerToClient) || !slices.EqualFunc(got.Messages, want.Messages,
			func(a, b testutil.TranscriptMessage) bool { return a.Kind == b.Kind && a.Direction == b.Direction }) {
			t.Errorf("%s, stream %d: played back\n%x\nrecorded was\n%x", recorded.Name, want.ID, got.ServerToClient, want.ServerToClient)
		}
	}
}

func TestIdentitiesAreRecordedWithoutTheirSignatures(t *testing.T) {
	cluster, out := startCluster(t, testutil.ClusterConfig{Size: 1}), t.TempDir()
	args := []string{"-servers", cluster.Addrs()[0], "-out", out, "-conversations", "register_heartbeat"}
	if err := run(t.Context(), args, strings.NewReader(""), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	recorded, err := testutil.LoadTranscript(filepath.Join(out, "register_heartbeat.json"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, raw := range [][]byte{recorded.ClientToServer, recorded.ServerToClient, recorded.Streams[0].ClientToServer, recorded.Streams[0].ServerToClient} {
		for _, m := range identity.FindAllSubmatch(raw, -1) {
			if found++; len(bytes.Trim(m[1], "A")) > 0 {
				t.Errorf("a signature: %s", m[1])
			}
		}
	}
	if found < 4 {
		t.Errorf("%d identities", found)
	}
}

func TestAServerIsAskedForTheCallsOfTheRecordingsOnly(t *testing.T) {
	cluster := startCluster(t, testutil.ClusterConfig{Size: 1})
	var said bytes.Buffer
	args := []string{"-servers", cluster.Addrs()[0], "-out", t.TempDir(), "-conversations", "ping,follower_errors"}
	if err := run(t.Context(), args, strings.NewReader(""), &said); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"Status.Ping": 2, "Status.Leader": 2, "Status.Peers": 1, "Status.Members": 1}
	if got := cluster.Server(0).Counts().Methods; !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	for _, line := range []string{"follower_errors      not recorded", "leader_killed        not recorded"} {
		if !strings.Contains(said.String(), line) {
			t.Errorf("%q is not in\n%s", line, &said)
		}
	}
}

func TestAFileIsReplacedOnlyByAPersonsLeave(t *testing.T) {
	cluster, out := startCluster(t, testutil.ClusterConfig{Size: 1}), t.TempDir()
	there := filepath.Join(out, "ping.json")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-servers", cluster.Addrs()[0], "-out", out, "-conversations", "ping"}
	for _, answer := range []string{"", "n\n", "\n"} {
		err := run(t.Context(), args, strings.NewReader(answer), &bytes.Buffer{})
		if b, _ := os.ReadFile(there); err == nil || string(b) != "mine" {
			t.Errorf("answer %q: %v, and the file holds %.20q", answer, err, b)
		}
	}
	if n := cluster.Server(0).Counts().Accepted; n != 0 {
		t.Errorf("%d connections before the answer", n)
	}
	if err := run(t.Context(), args, strings.NewReader("y\n"), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if _, err := testutil.LoadTranscript(there); err != nil {
		t.Error(err)
	}
}

func TestAServerThatAnswersOtherwiseIsReported(t *testing.T) {
	cluster := startCluster(t, testutil.ClusterConfig{Size: 1})
	cluster.Server(0).Inject(testutil.AppError("Node.UpdateStatus", "permission denied"))
	var said bytes.Buffer
	args := []string{"-servers", cluster.Addrs()[0], "-out", t.TempDir(), "-conversations", "unknown_method"}
	if err := run(t.Context(), args, strings.NewReader(""), &said); err != nil {
		t.Fatal(err)
	}
	if want := `response_header, Error "permission denied"`; !strings.Contains(said.String(), want) {
		t.Errorf("%q is not in\n%s", want, &said)
	}
}

func TestEveryRecordingIsMadeAnewOrNamesItsNeeds(t *testing.T) {
	var known []string
	for _, r := range recordable {
		known = append(known, r.name)
	}
	known = slices.Sorted(slices.Values(append(known, slices.Collect(maps.Keys(excluded))...)))
	if names := testutil.GoldenNames(); !slices.Equal(known, names) {
		t.Errorf("known are %v, there are %v", known, names)
	}
	for names, want := range map[string]string{"pong": `"pong"`, "ping,leader_killed": "a leader that is killed"} {
		if _, err := choose(names); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", names, err)
		}
	}
	if all, err := choose(""); err != nil || len(all) != len(recordable) {
		t.Errorf("%d of %d, %v", len(all), len(recordable), err)
	}
}

func TestArgumentsThatAreMissingAreNamed(t *testing.T) {
	for args, want := range map[string]string{
		"":                                  "SERVERS=",
		"-servers a:1":                      "OUT=",
		"-servers a:1 -out x -cert c":       "CA=",
		"-servers a:1 -out x -ca /no/where": "/no/where",
	} {
		err := run(t.Context(), strings.Fields(args), strings.NewReader(""), &bytes.Buffer{})
		if err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
