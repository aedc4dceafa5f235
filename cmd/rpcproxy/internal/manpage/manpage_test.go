package manpage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestAPageHasTheTextsOfItsCommand(t *testing.T) {
	root := &cobra.Command{Use: "tool", Short: "Do things"}
	cmd := &cobra.Command{
		Use: "turn WHAT", Short: `Turn "it" \ over`, Run: func(*cobra.Command, []string) {},
		Long:    "turn turns it.\n.dots and 'quotes stay, as\n    a table\ndoes.\n\nExit status: 0 turned,\n1 not.\n\nThe end.",
		Example: "  tool turn -n 3 x\n  tool turn 'a\\b'",
	}
	cmd.Flags().IntP("number", "n", 1, "how `often`\nat most")
	cmd.Flags().Bool("quiet", false, "say nothing")
	root.AddCommand(cmd)
	want := `.\" Made from the texts of the program; edit those.
.TH "TOOL\-TURN" 1 "2026\-01\-02" "rpcproxy 0.1.0" "User Commands"
.SH "NAME"
tool\-turn \- Turn "it" \e over
.SH "SYNOPSIS"
\fBtool turn WHAT\fR
[\fIflags\fR]
.SH "DESCRIPTION"
turn turns it.
\&.dots and 'quotes stay, as
.nf
    a table
.fi
does.
.PP
The end.
.SH "OPTIONS"
.TP
\fB\-h, \-\-help\fR
help for turn
.TP
\fB\-n, \-\-number\fR \fIoften\fR
how often
at most (default 1)
.TP
\fB\-\-quiet\fR
say nothing
.SH "EXAMPLES"
.nf
  tool turn \-n 3 x
  tool turn 'a\eb'
.fi
.SH "EXIT STATUS"
0 turned,
1 not.
.SH "SEE ALSO"
.BR tool (1)
`
	if diff := cmp.Diff(want, Of(cmd, Edition{"2026-01-02", "0.1.0"})); diff != "" {
		t.Error(diff)
	}
	if got := Name(cmd); got != "tool-turn" {
		t.Error(got)
	}
}
