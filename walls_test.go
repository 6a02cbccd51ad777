package heliograph_test

// The walls of the house, as DESIGN section 2 draws them. This test parses the
// import clauses of every non-test file in process: a test that runs `go list`
// goes stale in the test cache, because the cache does not see its inputs.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "heliograph/"

// floors gives every package its floor. A package imports lower floors only;
// equal floors never import each other. A package that is not listed fails.
var floors = []struct {
	pkg    string
	floor  int
	reason string
}{
	{"shared/wire", 0, "everything speaks in its hashes and envelopes"},
	{"shared/frost/internal/k256", 1, "the guarded arithmetic below both protocols"},
	{"shared/qr/ur", 1, "text frames, below their pictures"},
	{"shared/qr/bbqr", 1, "another wallet's frames, read only"},
	{"shared/bip322", 1, "one signature form; knows no counterparty"},
	{"shared/spv", 1, "headers and Merkle branches; knows no wallet"},
	{"shared/words", 2, "fingerprints for people; knows no protocol"},
	{"shared/qr", 2, "bytes and pictures; knows no message"},
	{"shared/qr/channel", 3, "a model of a camera for tests and the demonstration"},
	{"shared/frost", 2, "mathematics; knows no policy, PSBT or message"},
	{"shared/frost/chilldkg", 3, "key generation over the same arithmetic, giving frost's types"},
	{"shared/wallet", 2, "one key, its chain code, its network"},
	{"shared/ledger", 3, "what was released; knows no batch"},
	{"shared/batch", 3, "what is to be paid; knows no rule"},
	{"shared/charter", 3, "what people decided; knows no batch"},
	{"shared/psbt", 4, "a view of a batch for other wallets"},
	{"shared/webauthn", 1, "assertions; knows no person and no charter"},
	{"shared/webauthn/testauthenticator", 2, "a software authenticator for tests and the demonstration"},
	{"shared/approval", 4, "what people signed; knows no rule"},
	{"shared/policy/internal/force", 4, "the type of a charter in force, which only lineage makes"},
	{"shared/policy", 5, "joins charter, batch and ledger into a verdict"},
	{"shared/policy/diff", 6, "what a change of rules allows and refuses, asked of the rules' own code"},
	{"shared/policy/lineage", 7, "from the first charter to the one in force"},
	{"ceremonies", 8, "what machines have in common"},
	{"ceremonies/enrolment", 9, "a ceremony; ceremonies never import each other"},
	{"ceremonies/keygen", 9, "a ceremony; ceremonies never import each other"},
	{"ceremonies/reviewing", 9, "a ceremony; ceremonies never import each other"},
	{"ceremonies/signing", 9, "a ceremony; ceremonies never import each other"},
	{"ceremonies/amendment", 9, "a ceremony; ceremonies never import each other"},
	{"ceremonies/rehearsal", 10, "drives all ceremonies in memory"},
	{"offline/keystore", 11, "declares no business; the station declares what it needs of it"},
	{"offline/keystore/keystoretest", 12, "a disk that fails on demand, for tests"},
	{"offline/camera", 11, "frames in and out; knows no message"},
	{"offline/station", 11, "the application; declares Store, Camera, Clock, Rand"},
	{"offline/cli", 12, "a Screen as text"},
	{"offline", 13, "flags, wiring, exit code"},
	{"online/charterfile", 5, "a charter as a file that people write, below the programs that read it"},
	{"online/coordinator/coins", 4, "pure coin selection, below the application that asks"},
	{"online/coordinator/book", 9, "rows and changes, between the application and its database"},
	{"online/node", 11, "chain and hot wallet"},
	{"online/store", 11, "database"},
	{"online/frames", 11, "frames in and out; knows no message"},
	{"online/verifier", 11, "recomputes payments from raw blocks; shares no code with what it checks"},
	{"online/coordinator", 11, "the application; declares Chain, Store, HotWallet"},
	{"online/cli", 12, "terminal"},
	{"online", 13, "flags, wiring, exit code"},
	{"online/demo", 14, "drives the built programs as processes"},
}

// never lists imports that are forbidden whatever the floor. A package path
// ending in /... stands for everything below it.
var never = []struct {
	from, to string
	except   []string
	reason   string
}{
	{"offline/...", "heliograph/online/...", nil, "a station links no coordinator"},
	{"online/...", "heliograph/offline/...", nil, "a coordinator holds no code that reads a keystore"},
	{"offline/...", "net", nil, "a station has no network"},
	{"offline/...", "net/...", nil, "a station has no network"},
	{"offline/...", "crypto/tls", nil, "a station has no network"},
	{"offline/...", "os/exec", []string{"offline/isolation"}, "only isolation starts a child, and a secretless one"},
	{"shared/...", "os", nil, "IO is at the edge"},
	{"shared/...", "os/...", nil, "IO is at the edge"},
	{"shared/...", "net", nil, "IO is at the edge"},
	{"shared/...", "net/...", nil, "IO is at the edge"},
	{"shared/...", "log", nil, "no log below floor 4"},
	{"shared/...", "log/...", nil, "no log below floor 4"},
	{"shared/...", "crypto/rand", nil, "randomness comes in as an argument"},
	{"shared/...", "math/rand", nil, "randomness comes in as an argument"},
	{"shared/...", "math/rand/...", []string{"shared/qr/channel"}, "only the seeded camera model draws numbers"},
	{"ceremonies/...", "os", nil, "a machine has no IO"},
	{"ceremonies/...", "os/...", nil, "a machine has no IO"},
	{"ceremonies/...", "net", nil, "a machine has no IO"},
	{"ceremonies/...", "net/...", nil, "a machine has no IO"},
	{"ceremonies/...", "log", nil, "no log below floor 4"},
	{"ceremonies/...", "log/...", nil, "no log below floor 4"},
	{"ceremonies/...", "crypto/rand", nil, "randomness comes in with the event"},
	{"ceremonies/...", "math/rand", nil, "randomness comes in with the event"},
	{"ceremonies/...", "math/rand/...", nil, "randomness comes in with the event"},
	{"ceremonies/...", "heliograph/online/...", nil, "machines import shared only"},
	{"ceremonies/...", "heliograph/offline/...", nil, "machines import shared only"},
	{"shared/...", "fyne.io/...", nil, "no user interface in shared"},
	{"shared/...", "heliograph/shared/webauthn/testauthenticator", nil, "an authenticator that signs unasked is for tests and the demonstration"},
	{"ceremonies/...", "heliograph/shared/webauthn/testauthenticator", nil, "an authenticator that signs unasked is for tests and the demonstration"},
	{"offline/...", "heliograph/shared/webauthn/testauthenticator", nil, "an authenticator that signs unasked is for tests and the demonstration"},
	{"online/...", "heliograph/shared/webauthn/testauthenticator", []string{"online/demo"}, "an authenticator that signs unasked is for tests and the demonstration"},
	{"shared/...", "heliograph/shared/webauthn/testauthenticator", nil, "a key in software approves nothing outside tests and the demonstration"},
	{"ceremonies/...", "heliograph/shared/webauthn/testauthenticator", nil, "a key in software approves nothing outside tests and the demonstration"},
	{"offline/...", "heliograph/shared/webauthn/testauthenticator", nil, "a key in software approves nothing outside tests and the demonstration"},
	{"online/...", "heliograph/shared/webauthn/testauthenticator", []string{"online/demo"}, "a key in software approves nothing outside tests and the demonstration"},
	{"online/verifier", "heliograph/online/...", nil, "a witness that trusts the coordinator's code is none"},
	{"online/verifier", "heliograph/shared/batch", nil, "it computes its own digests and sums"},
	{"online/verifier", "heliograph/shared/psbt", nil, "it checks its own signatures"},
	{"online/coordinator", "net", nil, "only node, store, web and cli open connections"},
	{"online/coordinator", "net/...", nil, "only node, store, web and cli open connections"},
}

// clockless are trees that may not call time.Now, time.Sleep or start a
// goroutine: their time comes in with an event.
var clockless = []string{"shared/", "ceremonies/"}

func TestWalls(t *testing.T) {
	files := goFiles(t)
	if len(files) < 20 {
		t.Fatalf("found only %d files: the walk is broken", len(files))
	}
	floor := make(map[string]int)
	for _, f := range floors {
		floor[f.pkg] = f.floor
	}
	fset := token.NewFileSet()
	for _, file := range files {
		pkg := path.Dir(file)
		if strings.HasPrefix(pkg, "shared/compat/") {
			continue // another module
		}
		tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		own, listed := floor[pkg]
		if !listed {
			t.Errorf("%s: package %s has no floor in walls_test.go", file, pkg)
			continue
		}
		for _, spec := range tree.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if below, ok := strings.CutPrefix(imp, module); ok {
				their, listed := floor[below]
				if !listed || their >= own {
					t.Errorf("%s (floor %d) imports %s (floor %d, listed %v): a package imports lower floors only", file, own, imp, their, listed)
				}
			}
			for _, n := range never {
				if matches(n.from, pkg) && matches(n.to, imp) && !contains(n.except, pkg) {
					t.Errorf("%s imports %s: %s", file, imp, n.reason)
				}
			}
		}
		for _, root := range clockless {
			if strings.HasPrefix(file, root) {
				checkClockless(t, fset, file, tree)
			}
		}
	}
}

func checkClockless(t *testing.T, fset *token.FileSet, file string, tree *ast.File) {
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: starts a goroutine: machines and mathematics run on their caller's", fset.Position(n.Pos()))
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && id.Name == "time" {
				switch n.Sel.Name {
				case "Now", "Sleep", "Since", "Until", "After", "NewTimer", "NewTicker", "Tick":
					t.Errorf("%s: time.%s: time comes in with the event", fset.Position(n.Pos()), n.Sel.Name)
				}
			}
		}
		return true
	})
}

// TestWallsAreReal fails when the matcher would let a forbidden import through.
func TestWallsAreReal(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"offline/...", "offline", true},
		{"offline/...", "offline/station", true},
		{"offline/...", "offlinex", false},
		{"net", "net", true},
		{"net", "net/http", false},
		{"net/...", "net/http", true},
		{"heliograph/online/...", "heliograph/online/node", true},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("matches(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func matches(pattern, name string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == root || strings.HasPrefix(name, root+"/")
	}
	return pattern == name
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func goFiles(t *testing.T) []string {
	var files []string
	for _, root := range []string{"shared", "ceremonies", "offline", "online", "assets"} {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				if p == root {
					return fs.SkipDir
				}
				return err
			}
			if !d.IsDir() && strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_test.go") {
				files = append(files, filepath.ToSlash(p))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sort.Strings(files)
	return files
}
