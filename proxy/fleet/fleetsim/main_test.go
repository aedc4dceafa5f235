package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example() {
	var out bytes.Buffer
	if err := run([]string{"-s", "kill", "-n", "100", "-warm", "3m", "-start", "1m", "-for", "1m"}, &out); err != nil {
		panic(err)
	}
	first, _, _ := strings.Cut(out.String(), ":")
	_, _ = os.Stdout.WriteString(first)
	// Output: kill of 100, shuffle, seed 1
}

func TestEveryScenarioRuns(t *testing.T) {
	for scenario, want := range map[string]string{
		"none": "rounds a second", "outage": "when they are back", "kill": "outages", "freeze": "outages",
		"rolling": "a minute after it", "join": "imbalance",
	} {
		for _, policy := range []string{"shuffle", "rendezvous", "seat", "stock"} {
			var out bytes.Buffer
			args := []string{"-s", scenario, "-p", policy, "-n", "50", "-begin", "4", "-gap", "30s", "-down", "20s", "-for", "4m", "-each", "1m"}
			if err := run(args, &out); err != nil || !strings.Contains(out.String(), want) {
				t.Errorf("%s, %s: %v\n%s", scenario, policy, err, &out)
			}
		}
	}
	if err := run([]string{"-n", "many"}, new(bytes.Buffer)); err == nil {
		t.Error("no error")
	}
}
