package chilldkg_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heliograph/shared/frost/chilldkg"
)

// TestConformanceChillDKG runs every case of every file of published vectors in
// $HELIOGRAPH_VECTORS/chilldkg. A file or key that it does not know fails it, and
// so does a case that it did not run.
func TestConformanceChillDKG(t *testing.T) {
	root := os.Getenv("HELIOGRAPH_VECTORS")
	if root == "" {
		t.Skip("SKIPPED: conformance of chilldkg: HELIOGRAPH_VECTORS names no folder")
	}
	runners := map[string]func(*testing.T, []byte) int{
		"hostpubkey_gen":          runFlat(checkHostPublicKey),
		"params_hash":             runFlat(checkParamsHash),
		"recover":                 runFlat(checkRecover),
		"participant_step1":       runGroups(checkParticipantStep1),
		"participant_step2":       runGroups(checkParticipantStep2),
		"participant_finalize":    runGroups(checkParticipantFinalize),
		"participant_investigate": runGroups(checkParticipantInvestigate),
		"coordinator_step1":       runGroups(checkCoordinatorStep1),
		"coordinator_finalize":    runGroups(checkCoordinatorFinalize),
		"coordinator_investigate": runGroups(checkCoordinatorInvestigate),
	}
	entries, err := os.ReadDir(filepath.Join(root, "chilldkg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == "COPYING" {
			continue
		}
		name, isVectors := strings.CutSuffix(entry.Name(), "_vectors.json")
		run := runners[name]
		if !isVectors || run == nil {
			t.Errorf("unknown file %s", entry.Name())
			continue
		}
		delete(runners, name)
		data, err := os.ReadFile(filepath.Join(root, "chilldkg", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		ran, held := 0, countCases(t, data)
		t.Run(name, func(t *testing.T) { ran = run(t, data) })
		if ran != held {
			t.Errorf("%s: ran %d of %d cases", name, ran, held)
		}
		fmt.Printf("conformance: chilldkg/%s %d cases\n", name, ran)
	}
	for name := range runners {
		t.Errorf("file %s_vectors.json is missing", name)
	}
}

// countCases counts the elements of all arrays whose name ends in _tests or
// TestCases, without knowing anything else of the file.
func countCases(t *testing.T, data []byte) int {
	var count func(v any) int
	count = func(v any) int {
		n := 0
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				list, isList := value.([]any)
				if isList && (strings.HasSuffix(key, "_tests") || strings.HasSuffix(key, "TestCases")) {
					n += len(list)
				}
				n += count(value)
			}
		case []any:
			for _, value := range v {
				n += count(value)
			}
		}
		return n
	}
	var file any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return count(file)
}

// fileHead is what every file begins with.
type fileHead struct {
	Description []string `json:"description"`
	TotalTests  int      `json:"totalTests"`
}

// group is one set of cases, with what they share. A flat file is one group.
type group struct {
	Params    *paramsVector `json:"params"`
	HostKey   *string       `json:"hostseckey"`
	Random    string        `json:"random"`
	AuxRand   *string       `json:"auxRand"`
	Pmsg1     string        `json:"pmsg1"`
	Pmsg2     string        `json:"pmsg2"`
	Cmsg1     string        `json:"cmsg1"`
	Pmsgs1    []string      `json:"pmsgs1"`
	Pmsg1Pool []string      `json:"pmsg1Pool"`
	Pmsg2Pool []string      `json:"pmsg2Pool"`
	Cmsg1Pool []string      `json:"cmsg1Pool"`
	Valid     []vector      `json:"validTestCases"`
	Invalid   []vector      `json:"errorTestCases"`
}

// vector is one case of any file.
type vector struct {
	ID           int           `json:"tcId"`
	Comment      string        `json:"comment"`
	Params       *paramsVector `json:"params"`
	HostKey      *string       `json:"hostseckey"`
	Random       string        `json:"random"`
	AuxRand      *string       `json:"auxRand"`
	RecoveryData string        `json:"recoveryData"`
	Pmsg1Indices []int         `json:"pmsg1Indices"`
	Pmsg2Indices []int         `json:"pmsg2Indices"`
	Cmsg1        string        `json:"cmsg1"`
	Cmsg1Index   int           `json:"cmsg1Index"`
	Cmsg2        string        `json:"cmsg2"`
	CinvMsg      string        `json:"cinvMsg"`

	ExpectedHostpubkey string        `json:"expectedHostpubkey"`
	ExpectedParamsHash string        `json:"expectedParamsHash"`
	ExpectedPmsg1      string        `json:"expectedPmsg1"`
	ExpectedPmsg2      string        `json:"expectedPmsg2"`
	ExpectedCmsg1      string        `json:"expectedCmsg1"`
	ExpectedCinvMsgs   []string      `json:"expectedCinvMsgs"`
	ExpectedOutput     *outputVector `json:"expectedOutput"`
	ExpectedError      *errorVector  `json:"expectedError"`
}

type paramsVector struct {
	HostKeys []string `json:"hostpubkeys"`
	T        int      `json:"t"`
}

type outputVector struct {
	Cmsg2  string `json:"cmsg2"`
	Output struct {
		SecretShare  *string  `json:"secshare"`
		ThresholdKey string   `json:"threshPk"`
		PublicShares []string `json:"pubshares"`
	} `json:"dkgOutput"`
	RecoveryData string        `json:"recoveryData"`
	Params       *paramsVector `json:"params"`
}

type errorVector struct {
	Type         string `json:"type"`
	Message      string `json:"message"` // wording of the reference program, for readers
	Participant  *int   `json:"participantId"`
	Participant1 *int   `json:"participantId1"`
	Participant2 *int   `json:"participantId2"`
}

// check runs one case and returns what the function under test answered, having
// compared its result with what the case expects where there was no error.
type check func(t *testing.T, g group, v vector) error

func runGroups(c check) func(*testing.T, []byte) int {
	return func(t *testing.T, data []byte) int {
		var file struct {
			fileHead
			Groups []group `json:"testGroups"`
		}
		decode(t, data, &file)
		ran := 0
		for _, g := range file.Groups {
			ran += g.run(t, c)
		}
		return ran
	}
}

func runFlat(c check) func(*testing.T, []byte) int {
	return func(t *testing.T, data []byte) int {
		var file struct {
			fileHead
			Valid   []vector `json:"validTestCases"`
			Invalid []vector `json:"errorTestCases"`
		}
		decode(t, data, &file)
		return group{Valid: file.Valid, Invalid: file.Invalid}.run(t, c)
	}
}

func (g group) run(t *testing.T, c check) int {
	for _, v := range slices.Concat(g.Valid, g.Invalid) {
		t.Run(fmt.Sprint(v.ID), func(t *testing.T) {
			err := c(t, g, v)
			if v.ExpectedError == nil && err != nil {
				t.Errorf("%s: %v", v.Comment, err)
			}
			if v.ExpectedError != nil && !v.ExpectedError.matches(err) {
				t.Errorf("%s: got %v, want %s", v.Comment, err, v.ExpectedError.Type)
			}
		})
	}
	for _, v := range g.Valid {
		if v.ExpectedError != nil {
			t.Errorf("case %d: valid, but expects an error", v.ID)
		}
	}
	for _, v := range g.Invalid {
		if v.ExpectedError == nil {
			t.Errorf("case %d: invalid, but expects no error", v.ID)
		}
	}
	return len(g.Valid) + len(g.Invalid)
}

// matches tells whether err is of the type and about the participants that the
// vector names. ValueError is the reference program's answer to a wrong length,
// which never stands for one of its other errors.
func (e *errorVector) matches(err error) bool {
	is := func(participant, want *int) bool { return want != nil && *participant == *want }
	var (
		threshold   *chilldkg.ThresholdOrCountError
		invalid     *chilldkg.InvalidHostPublicKeyError
		duplicate   *chilldkg.DuplicateHostPublicKeyError
		hostKey     *chilldkg.HostSecretKeyError
		participant *chilldkg.FaultyParticipantError
		either      *chilldkg.FaultyParticipantOrCoordinatorError
		coordinator *chilldkg.FaultyCoordinatorError
		unknown     *chilldkg.UnknownFaultyParticipantOrCoordinatorError
		recovery    *chilldkg.RecoveryDataError
	)
	if e.Type == "ValueError" {
		return errors.Is(err, chilldkg.ErrLength)
	}
	if errors.Is(err, chilldkg.ErrLength) && e.Type != "RecoveryDataError" {
		return false
	}
	switch e.Type {
	case "ThresholdOrCountError":
		return errors.As(err, &threshold)
	case "InvalidHostPubkeyError":
		return errors.As(err, &invalid) && is(&invalid.Participant, e.Participant)
	case "DuplicateHostPubkeyError":
		return errors.As(err, &duplicate) && is(&duplicate.Participant1, e.Participant1) && is(&duplicate.Participant2, e.Participant2)
	case "HostSeckeyError":
		return errors.As(err, &hostKey)
	case "RandomnessError":
		return errors.Is(err, chilldkg.ErrRandomness)
	case "FaultyParticipantError":
		return errors.As(err, &participant) && is(&participant.Participant, e.Participant)
	case "FaultyParticipantOrCoordinatorError":
		return errors.As(err, &either) && is(&either.Participant, e.Participant)
	case "FaultyCoordinatorError":
		return errors.As(err, &coordinator)
	case "UnknownFaultyParticipantOrCoordinatorError":
		return errors.As(err, &unknown)
	case "RecoveryDataError":
		return errors.As(err, &recovery)
	}
	return false
}

func checkHostPublicKey(t *testing.T, _ group, v vector) error {
	host, err := chilldkg.ParseHostSecretKey(unhex(t, *v.HostKey))
	if err != nil {
		return err
	}
	public := host.PublicKey()
	equal(t, "host public key", public[:], v.ExpectedHostpubkey)
	return nil
}

func checkParamsHash(t *testing.T, _ group, v vector) error {
	id, err := v.Params.params(t).ID()
	if err != nil {
		return err
	}
	equal(t, "params hash", id[:], v.ExpectedParamsHash)
	return nil
}

func checkRecover(t *testing.T, _ group, v vector) error {
	var host *chilldkg.HostSecretKey
	if v.HostKey != nil {
		var err error
		if host, err = chilldkg.ParseHostSecretKey(unhex(t, *v.HostKey)); err != nil {
			return err
		}
	}
	out, p, err := chilldkg.Recover(host, unhex(t, v.RecoveryData))
	if err != nil {
		return err
	}
	v.ExpectedOutput.compare(t, out)
	want := v.ExpectedOutput.Params.params(t)
	if p.T != want.T || !slices.Equal(p.HostKeys, want.HostKeys) {
		t.Error("other parameters")
	}
	return nil
}

func checkParticipantStep1(t *testing.T, _ group, v vector) error {
	host, err := chilldkg.ParseHostSecretKey(unhex(t, *v.HostKey))
	if err != nil {
		return err
	}
	random, err := array32(t, v.Random)
	if err != nil {
		return err
	}
	_, pmsg1, err := chilldkg.ParticipantStep1(host, v.Params.params(t), random)
	if err != nil {
		return err
	}
	equal(t, "pmsg1", pmsg1, v.ExpectedPmsg1)
	return nil
}

// step1 is the set-up that the files on later steps prescribe. The state goes
// through its bytes, as on a machine that is switched off between steps.
func (g group) step1(t *testing.T) (*chilldkg.HostSecretKey, *chilldkg.ParticipantState1) {
	host, err := chilldkg.ParseHostSecretKey(unhex(t, *g.HostKey))
	if err != nil {
		t.Fatal(err)
	}
	random, err := array32(t, g.Random)
	if err != nil {
		t.Fatal(err)
	}
	state, pmsg1, err := chilldkg.ParticipantStep1(host, g.Params.params(t), random)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "pmsg1 of the set-up", pmsg1, g.Pmsg1)
	return host, restart1(t, state)
}

func checkParticipantStep2(t *testing.T, g group, v vector) error {
	host, state := g.step1(t)
	auxRand := *g.AuxRand
	if v.HostKey != nil {
		var err error
		if host, err = chilldkg.ParseHostSecretKey(unhex(t, *v.HostKey)); err != nil {
			return err
		}
	}
	if v.AuxRand != nil {
		auxRand = *v.AuxRand
	}
	aux, err := array32(t, auxRand)
	if err != nil {
		return err
	}
	_, pmsg2, err := chilldkg.ParticipantStep2(host, state, unhex(t, v.Cmsg1), aux)
	if err != nil {
		return err
	}
	equal(t, "pmsg2", pmsg2, v.ExpectedPmsg2)
	return nil
}

func checkParticipantFinalize(t *testing.T, g group, v vector) error {
	host, state1 := g.step1(t)
	aux, err := array32(t, *g.AuxRand)
	if err != nil {
		t.Fatal(err)
	}
	state2, pmsg2, err := chilldkg.ParticipantStep2(host, state1, unhex(t, g.Cmsg1), aux)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "pmsg2 of the set-up", pmsg2, g.Pmsg2)
	out, recovery, err := chilldkg.ParticipantFinalize(restart2(t, state2), unhex(t, v.Cmsg2))
	if err != nil {
		return err
	}
	v.ExpectedOutput.compare(t, out)
	equal(t, "recovery data", recovery, v.ExpectedOutput.RecoveryData)
	return nil
}

func checkParticipantInvestigate(t *testing.T, g group, v vector) error {
	host, state1 := g.step1(t)
	aux, err := array32(t, *g.AuxRand)
	if err != nil {
		t.Fatal(err)
	}
	cmsg1 := unhex(t, g.Cmsg1Pool[v.Cmsg1Index])
	_, _, err = chilldkg.ParticipantStep2(host, state1, cmsg1, aux)
	var unknown *chilldkg.UnknownFaultyParticipantOrCoordinatorError
	if !errors.As(err, &unknown) {
		t.Fatalf("set-up: got %v, want an unknown fault", err)
	}
	return chilldkg.ParticipantInvestigate(host, state1, cmsg1, unhex(t, v.CinvMsg))
}

func checkCoordinatorStep1(t *testing.T, g group, v vector) error {
	_, cmsg1, err := chilldkg.CoordinatorStep1(v.Params.params(t), pick(t, g.Pmsg1Pool, v.Pmsg1Indices))
	if err != nil {
		return err
	}
	equal(t, "cmsg1", cmsg1, v.ExpectedCmsg1)
	return nil
}

func checkCoordinatorFinalize(t *testing.T, g group, v vector) error {
	state, cmsg1, err := chilldkg.CoordinatorStep1(g.Params.params(t), unhexAll(t, g.Pmsgs1))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "cmsg1 of the set-up", cmsg1, g.Cmsg1)
	cmsg2, out, recovery, err := chilldkg.CoordinatorFinalize(restartCoordinator(t, state), pick(t, g.Pmsg2Pool, v.Pmsg2Indices))
	if err != nil {
		return err
	}
	equal(t, "cmsg2", cmsg2, v.ExpectedOutput.Cmsg2)
	v.ExpectedOutput.compare(t, out)
	equal(t, "recovery data", recovery, v.ExpectedOutput.RecoveryData)
	return nil
}

func checkCoordinatorInvestigate(t *testing.T, g group, v vector) error {
	cinvs, err := chilldkg.CoordinatorInvestigate(g.Params.params(t), unhexAll(t, g.Pmsgs1))
	if err != nil {
		return err
	}
	if len(cinvs) != len(v.ExpectedCinvMsgs) {
		t.Fatalf("%d investigation messages, want %d", len(cinvs), len(v.ExpectedCinvMsgs))
	}
	for i, cinv := range cinvs {
		equal(t, fmt.Sprint("investigation message ", i), cinv, v.ExpectedCinvMsgs[i])
	}
	return nil
}

func (o *outputVector) compare(t *testing.T, out chilldkg.Output) {
	t.Helper()
	if (out.SecretShare == nil) != (o.Output.SecretShare == nil) {
		t.Error("secret share on the wrong side")
	} else if out.SecretShare != nil {
		share := out.SecretShare.Bytes()
		equal(t, "secret share", share[:], *o.Output.SecretShare)
	}
	equal(t, "threshold key", out.ThresholdKey[:], o.Output.ThresholdKey)
	if len(out.PublicShares) != len(o.Output.PublicShares) {
		t.Fatalf("%d public shares, want %d", len(out.PublicShares), len(o.Output.PublicShares))
	}
	for i, share := range out.PublicShares {
		equal(t, fmt.Sprint("public share ", i), share[:], o.Output.PublicShares[i])
	}
}

func (p *paramsVector) params(t *testing.T) chilldkg.Params {
	t.Helper()
	params := chilldkg.Params{T: p.T}
	for _, key := range p.HostKeys {
		b := unhex(t, key)
		if len(b) != len(chilldkg.HostPublicKey{}) {
			t.Fatalf("host public key of %d bytes", len(b))
		}
		params.HostKeys = append(params.HostKeys, chilldkg.HostPublicKey(b))
	}
	return params
}

// decode refuses keys that the type does not name, and trailing data.
func decode(t *testing.T, data []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
	if d.More() {
		t.Fatal("data after the JSON value")
	}
}

// array32 stands for the type [32]byte, which keeps other lengths out at compile
// time where the reference program raises ValueError.
func array32(t *testing.T, s string) ([32]byte, error) {
	t.Helper()
	b := unhex(t, s)
	if len(b) != 32 {
		return [32]byte{}, chilldkg.ErrLength
	}
	return [32]byte(b), nil
}

func pick(t *testing.T, pool []string, indices []int) [][]byte {
	t.Helper()
	var messages [][]byte
	for _, i := range indices {
		messages = append(messages, unhex(t, pool[i]))
	}
	return messages
}

func unhexAll(t *testing.T, messages []string) [][]byte {
	t.Helper()
	var out [][]byte
	for _, m := range messages {
		out = append(out, unhex(t, m))
	}
	return out
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if !strings.EqualFold(hex.EncodeToString(got), want) {
		t.Errorf("%s: got %x, want %s", what, got, want)
	}
}
