package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// maxScenario bounds the file of a scenario, in bytes: as fleet.Parse does.
const maxScenario = 1 << 20

// readScenario is the scenario that an argument means: one that the program has by that
// name, else a file, or standard input.
func readScenario(cmd *cobra.Command, given string) (*fleet.Scenario, error) {
	if slices.Contains(fleet.Names(), given) {
		return fleet.Named(given)
	}
	if given == "-" {
		text, err := readStandard(cmd.Context(), "scenario -", cmd.InOrStdin(), maxScenario)
		if err != nil {
			return nil, scenarioError(err)
		}
		return parseScenario("standard input", text)
	}
	if _, err := os.Stat(given); errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(given, `/\`) {
		_, err := fleet.Named(given) // which says what is alike
		return nil, fmt.Errorf("%w, or give the path of a file", err)
	}
	text, err := readScenarioFile(cmd.Context(), given)
	if err != nil {
		return nil, err
	}
	return parseScenario(given, text)
}

// parseScenario does not take a file without a word: something else went wrong.
func parseScenario(name string, text []byte) (*fleet.Scenario, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("the scenario: %s is empty: rpcproxy simulate --show NAME prints one to begin with", printable.Quote(name, printable.MaxText))
	}
	return fleet.Parse(name, text)
}

// readScenarioFile reads a regular file, or a pipe: a shell's <(command) is one.
func readScenarioFile(ctx context.Context, path string) ([]byte, error) {
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: maxScenario, Pipe: true})
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil && isPipe(path):
		return nil, fmt.Errorf("the scenario: %s is a pipe, and who writes to it does not, or not to an end: %s", printable.Quote(path, printable.MaxText), safefile.Why(err))
	case err != nil:
		return nil, scenarioError(err)
	}
	return f.Data, nil
}

func isPipe(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Type() == fs.ModeNamedPipe
}

func scenarioError(err error) error {
	if err == error(errInterrupted) { //nolint:errorlint // it is this very one
		return err
	}
	return fmt.Errorf("the scenario: %w", err)
}

// changed is the scenario as the flags want it.
func (s *simulateCommand) changed(cmd *cobra.Command, scenario *fleet.Scenario) (*fleet.Scenario, error) {
	if s.short {
		scenario = scenario.Short()
	}
	policies, flags := scenario.Policies, cmd.Flags()
	var statements []string
	if flags.Changed("clients") {
		if s.clients < 1 || s.clients > maxClients {
			return nil, fmt.Errorf("--clients is %d: give 1 to %d", s.clients, maxClients)
		}
		statements = append(statements, fmt.Sprintf("clients %d", s.clients))
	}
	if flags.Changed("servers") {
		if s.servers < 1 || s.servers > maxServers {
			return nil, fmt.Errorf("--servers is %d: give 1 to %d", s.servers, maxServers)
		}
		statements = append(statements, fmt.Sprintf("servers %d%s", s.servers, qualities(scenario, s.short)))
	}
	if flags.Changed("for") {
		if s.duration < time.Second {
			return nil, fmt.Errorf("--for is %v: give a second or more", s.duration)
		}
		statements = append(statements, "for "+s.duration.String())
	}
	if len(statements) == 0 {
		return scenario, nil
	}
	changed, err := scenario.With(statements...)
	if err != nil {
		return nil, fmt.Errorf("the scenario does not allow that: %w", err)
	}
	changed.Policies = policies
	return changed, nil
}

// What a scenario may have at most: see fleet.Parse.
const (
	maxClients = 1_000_000
	maxServers = 64
)

// qualities is what the scenario says of its servers besides their number, so that a flag
// that changes the number leaves it.
func qualities(scenario *fleet.Scenario, short bool) string {
	other, own := "short ", "long "
	if short {
		other, own = own, other
	}
	found := ""
	for line := range strings.Lines(scenario.String()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, other) {
			continue
		}
		rest, mine := strings.CutPrefix(line, own)
		words := strings.Fields(rest)
		if len(words) >= 2 && words[0] == "servers" && (mine || found == "") {
			found = " " + strings.Join(words[2:], " ")
		}
	}
	return strings.TrimRight(found, " ")
}

// readPolicies is the value of --policy; nil if it is not given.
func (s *simulateCommand) readPolicies(cmd *cobra.Command) ([]fleet.Policy, error) {
	if !cmd.Flags().Changed("policy") {
		return nil, nil
	}
	var all []fleet.Policy
	for _, name := range trimmed(s.policies) {
		policies, err := fleet.ParsePolicies(name)
		if err != nil {
			return nil, fmt.Errorf("--policy: %w", err)
		}
		all = append(all, policies...)
	}
	if len(all) == 0 {
		return nil, errors.New("--policy is empty: give shuffle, rendezvous, seat, stock or all, or several with commas")
	}
	return all, nil
}

// listScenarios prints the names, each with the first line of what it is about.
func listScenarios(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range fleet.Names() {
		fmt.Fprintf(table, "%s\t%s\n", name, firstLine(name))
	}
	if err := table.Flush(); err != nil {
		return failed(fmt.Errorf("the list cannot be written: %w", err))
	}
	return nil
}

// firstLine is that of what a scenario of the program is about.
func firstLine(name string) string {
	scenario, err := fleet.Named(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(scenario.About, "\n")
	return line
}

func showScenario(out io.Writer, name string) error {
	text, err := fleet.Text(name)
	if err != nil {
		return fmt.Errorf("--show: %w", err)
	}
	if _, err := out.Write(text); err != nil {
		return failed(fmt.Errorf("the text cannot be written: %w", err))
	}
	return nil
}
