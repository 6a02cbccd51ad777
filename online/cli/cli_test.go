package cli_test

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"heliograph/online/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"heliograph": func() { os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Process())) },
		// exits CODE COMMAND... runs heliograph and demands its exit code.
		"exits": func() {
			want, args := os.Args[1], os.Args[2:]
			got := string(rune('0' + cli.Main(context.Background(), args, cli.Process())))
			if got != want {
				os.Stderr.WriteString("exit code " + got + ", want " + want + "\n")
				os.Exit(1)
			}
		},
		// treasury DIR makes the treasury of a wallet that exists; treasury DIR people
		// one whose charter lists people.
		"treasury": func() {
			fail(makeTreasury(os.Args[1], len(os.Args) > 2))
		},
		// browser CHALLENGE ANSWER is Ann, who approves in a browser.
		"browser": func() { fail(browse(os.Args[1], os.Args[2])) },
	})
}

func fail(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

// The stories of the command line.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
