package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/manpage"
)

// A release has the man pages and completions written by the test below, so they are never older than the
// program, and what makes them is not linked into it.
var (
	pages        = flag.String("pages", "", "directory to write man pages and completions to; empty: none")
	pagesDate    = flag.String("pages-date", "", "date of the man pages")
	pagesVersion = flag.String("pages-version", "", "version of the man pages")
)

// everyCommand is cmd and all below it that are listed.
func everyCommand(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			all = append(all, everyCommand(sub)...)
		}
	}
	return all
}

func TestEachCommandHasAManPage(t *testing.T) {
	root := newRoot(demo.Full())
	root.InitDefaultCompletionCmd()
	root.InitDefaultVersionFlag()
	root.DisableAutoGenTag = true
	every := everyCommand(root)
	if len(every) < 15 {
		t.Errorf("there are only %d commands", len(every))
	}
	for _, cmd := range every {
		page := manpage.Of(cmd, manpage.Edition{Date: *pagesDate, Version: *pagesVersion})
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"} {
			if !strings.Contains(page, "\n.SH \""+section+"\"\n") {
				t.Errorf("the page of %s has no section %s", cmd.CommandPath(), section)
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name := `\-\-` + strings.ReplaceAll(f.Name, "-", `\-`)
			if !f.Hidden && !strings.Contains(page, name+`\fR`) {
				t.Errorf("the page of %s does not have --%s behind .TP", cmd.CommandPath(), f.Name)
			}
		})
		writePage(t, filepath.Join("man", manpage.Name(cmd)+".1"), func(w io.Writer) error {
			_, err := io.WriteString(w, page)
			return err
		})
	}
	writePage(t, "completions/rpcproxy", func(w io.Writer) error { return root.GenBashCompletionV2(w, true) })
	writePage(t, "completions/_rpcproxy", root.GenZshCompletion)
	writePage(t, "completions/rpcproxy.fish", func(w io.Writer) error { return root.GenFishCompletion(w, true) })
}

// writePage writes a file of a release, if one is made.
func writePage(t *testing.T, name string, content func(io.Writer) error) {
	t.Helper()
	var text strings.Builder
	if err := content(&text); err != nil || text.Len() == 0 {
		t.Fatalf("%s: %d bytes, %v", name, text.Len(), err)
	}
	if *pages == "" {
		return
	}
	path := filepath.Join(*pages, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
