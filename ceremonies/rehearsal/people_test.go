package rehearsal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/approval"
	"heliograph/shared/batch"
	"heliograph/shared/charter"
	"heliograph/shared/policy"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"
)

// Where people approve in a browser.
const (
	rpID   = "approve.localhost"
	origin = "http://approve.localhost:8080"
)

// deviceKey is the key of a person's offline device; programs have one too.
func deviceKey(t testing.TB, name string) *wire.SigningKey {
	t.Helper()
	key, err := wire.GenerateSigningKey(wire.TaggedHash("test/device", []byte(name)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// browser is a person's security key.
func browser(t testing.TB, name string) *testauthenticator.Authenticator {
	t.Helper()
	a, err := testauthenticator.New(webauthn.ES256, wire.TaggedHash("test/browser", []byte(name)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// peopled is the rehearsals' charter with people: Tess and a program draft, Ann,
// Ben and Cem approve, Oda may stop the wallet. Above 1,000,000 sat two others
// than the drafter approve, above 2,000,000 one of them on an offline device, and
// nobody objects.
func peopled(t testing.TB) charter.Document {
	d := rules()
	d.Web = charter.Web{RPID: rpID, Origins: []string{origin}}
	person := func(name string, roles ...string) charter.Person {
		device, key := deviceKey(t, name).Public(), browser(t, name).Key().Point
		return charter.Person{Name: name, Roles: roles, Credentials: []charter.Credential{
			{Name: name + " device", Kind: charter.CredentialOffline, Key: device[:]},
			{Name: name + " key", Kind: charter.CredentialES256, Key: key},
		}}
	}
	payroll := deviceKey(t, "Payroll").Public()
	d.People = []charter.Person{
		person("Tess", "treasurer", "approver"), person("Ann", "approver"), person("Ben", "approver"), person("Cem", "approver"), person("Oda", "officer"),
		{Name: "Payroll", Roles: []string{"treasurer"}, Machine: true, Credentials: []charter.Credential{{Name: "payroll", Kind: charter.CredentialMachine, Key: payroll[:]}}},
	}
	approvers := charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"approver"}}
	offline := charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"approver"}, Offline: true}
	d.Rules = append(d.Rules,
		charter.Rule{ID: "people/two", Effect: charter.Require, Check: charter.MaxBatch, Max: 1_000_000, Unless: approvers},
		charter.Rule{ID: "people/offline", Effect: charter.Require, Check: charter.MaxBatch, Max: 2_000_000, Unless: offline},
		charter.Rule{ID: "people/veto", Effect: charter.Require, Check: charter.MaxBatch, Unless: charter.Demand{Kind: charter.DemandNoVeto, Roles: []string{"approver"}}},
	)
	d.Governance.Officers = []string{"officer"}
	return d
}

// says is what a person says about a batch, on a device or in a browser.
type says struct {
	person   string
	decision approval.Decision
	web      bool
}

// statement signs what a person says about a subject under the ruling charter.
func (w *World) statement(t testing.TB, s says, subject [32]byte) []byte {
	t.Helper()
	c := w.Ruling()
	st := approval.Statement{
		Wallet: [32]byte(w.Public.Wallet.ID()), Charter: c.ID(), Subject: subject, Decision: s.decision,
		Person: s.person, Time: w.Now, Expiry: w.Now + 24*3600,
	}
	var signed approval.Signed
	var err error
	switch {
	case s.web:
		assertion, failed := browser(t, s.person).Assert(rpID, origin, st.Challenge(), testauthenticator.Options{})
		if failed != nil {
			t.Fatal(failed)
		}
		signed, err = approval.SignWeb(c, st, s.person+" key", assertion)
	case s.person == "Payroll":
		signed, err = approval.SignKey(st, "payroll", deviceKey(t, s.person), w.Random())
	default:
		signed, err = approval.SignKey(st, s.person+" device", deviceKey(t, s.person), w.Random())
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := signed.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// evidence is what people say about a batch.
func (w *World) evidence(t testing.TB, r batch.Request, people ...says) policy.Evidence {
	t.Helper()
	var e policy.Evidence
	for _, s := range people {
		subject := approval.OfBatch([32]byte(r.ID()))
		if s.decision == approval.NotFrozen {
			subject = approval.OfWallet([32]byte(w.Public.Wallet.ID()))
		}
		e.Statements = append(e.Statements, w.statement(t, s, subject))
	}
	return e
}

var (
	tessDrafts  = says{"Tess", approval.Draft, false}
	annApproves = says{"Ann", approval.Approve, true}
	benApproves = says{"Ben", approval.Approve, false}
)

// refusedFor has a batch refused by the first station of a quorum, for exactly
// one rule, with a sentence that has these words in it.
func (w *World) refusedFor(t *testing.T, r batch.Request, e policy.Evidence, rule, words string) {
	t.Helper()
	_, request, err := w.OpenWith(r, e, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := w.Visit(w.Stations[0], request)
	if err != nil || refused == nil {
		t.Fatalf("signed, or failed: %v; want a refusal by %s", err, rule)
	}
	refusal := open[signing.Refusal](t, w, answer)
	if !slices.Equal(refusal.Rules, []string{rule}) || !strings.Contains(strings.Join(refusal.Reason, " "), words) {
		t.Fatalf("refused by %v: %q; want %s and %q", refusal.Rules, refusal.Reason, rule, words)
	}
}

// A batch above both amounts, with a draft and two approvals, one of them on an
// offline device. The operator reads who said what and how that is known.
func TestPeopleApprove(t *testing.T) {
	w := readyUnder(t, 2, 3, peopled(t))
	r := w.Pay("people", "Exchange", payee(1), 0, 2000, 3_000_000)
	e := w.evidence(t, r, tessDrafts, annApproves, benApproves)
	e.Claims.Balance = 9_000_000
	session, request, err := w.OpenWith(r, e, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	step, err := w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request})
	if err != nil {
		t.Fatal(err)
	}
	review, ok := step.Screen.(ceremonies.Review)
	if !ok {
		t.Fatalf("no review: %+v", step.Screen)
	}
	shown := read(review)
	for _, want := range []string{
		`"Drafted by" "Tess (approver, treasurer)" "on an offline device`, `"Approved by" "Ann (approver)" "in a browser; what it showed is not proven`,
		`"Approved by" "Ben (approver)" "on an offline device`, "Claimed by the coordinator, not proven", "0.09000000 BTC",
		"Paid for the first time (1 output)", "1 payment to destinations that were never paid before",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the review lacks %s:\n%s", want, shown)
		}
	}
	// What holds only because somebody approved stands before what is routine.
	asked := slices.IndexFunc(review.Verdict, func(s string) bool { return strings.HasPrefix(s, "people/two") })
	routine := slices.IndexFunc(review.Verdict, func(s string) bool { return strings.HasPrefix(s, "cap/output") })
	if asked < 0 || routine < asked {
		t.Errorf("sentences %q", review.Verdict)
	}
	if _, err := w.Finish(session, request); err != nil {
		t.Fatal(err)
	}
	// The next payment goes to the same destination and is not new any more.
	w.Now += 60
	_, request, err = w.Open(w.Pay("again", "Exchange", payee(1), 1, 2000, 100_000), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if step, err = w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request}); err != nil {
		t.Fatal(err)
	}
	if review, ok := step.Screen.(ceremonies.Review); !ok || strings.Contains(fmt.Sprint(review), "first time") {
		t.Errorf("a destination that was paid before is new: %+v", step.Screen)
	}
}

// review is what the first station of a quorum shows of a batch.
func (w *World) review(t *testing.T, r batch.Request, e policy.Evidence) string {
	t.Helper()
	_, request, err := w.OpenWith(r, e, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	step, err := w.Do(w.Stations[0], ceremonies.Scanned{Bytes: request})
	if err != nil {
		t.Fatal(err)
	}
	review, ok := step.Screen.(ceremonies.Review)
	if !ok {
		t.Fatalf("no review: %+v", step.Screen)
	}
	return read(review)
}

// An approval that has run out is shown as what it is, though nothing asks for one;
// and a payment that is drafted again still goes where nobody was paid before.
func TestReviewOfWhatDoesNotCount(t *testing.T) {
	w := readyUnder(t, 2, 3, peopled(t))
	r := w.Pay("late", "Exchange", payee(1), 0, 2000, 100_000)
	e := w.evidence(t, r, tessDrafts, annApproves)
	if _, err := w.SignWith(r, e, 0, 1); err != nil {
		t.Fatal(err)
	}
	w.Now += 24*3600 + 1
	r.Time, r.Expiry = w.Now, w.Now+3600
	shown := w.review(t, r, e)
	for _, want := range []string{
		`"Does not count" "the approval of \"Ann\" has expired"`, `Does not count: the approval of \"Ann\" has expired.`,
		`"Drafted by" "nobody who signed it"`, "Paid for the first time (1 output)",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the review lacks %s:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "Approved by") {
		t.Errorf("an approval that expired counts:\n%s", shown)
	}
}

// The coordinator has approvals of one batch and puts them under another one, for
// the same amount to another payee; and those of yesterday's charter under today's.
func TestApprovalsSwappedBetweenOrders(t *testing.T) {
	w := readyUnder(t, 2, 3, peopled(t))
	r := w.Pay("right", "Exchange", payee(1), 0, 2000, 1_500_000)
	other := w.Pay("wrong", "Vendor", payee(3), 0, 2000, 1_500_000)
	e := w.evidence(t, r, tessDrafts, annApproves, benApproves)
	w.refusedFor(t, other, e, "people/two", `"Ann" is for another batch`)
	_, request, err := w.OpenWith(r, e, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	evil := w.forge(t, request, func(_ *signing.Order, r *batch.Request) {
		r.Payments[0].Amount += 100
		r.Transactions[0].Variants[0].Change -= 100
	}, nil)
	w.refuses(t, w.Stations[0], evil, "rule/people/two")
	if err := w.Amend(func(d *charter.Document) { d.Gap-- }); err != nil {
		t.Fatal(err)
	}
	r.Charter = w.Ruling().ID()
	w.refusedFor(t, r, e, "people/two", `"Ann" was given under another charter`)
	if _, err := w.SignWith(r, w.evidence(t, r, tessDrafts, annApproves, benApproves), 0, 1); err != nil {
		t.Fatalf("approved anew, the batch must pass: %v", err)
	}
}

// Four eyes are two people besides the drafter: not the drafter's own approval,
// not one person twice, not a program, not somebody without the role, not an
// approval without a signed draft.
func TestFourEyes(t *testing.T) {
	w := readyUnder(t, 2, 3, peopled(t))
	r := w.Pay("eyes", "Exchange", payee(1), 0, 2000, 1_500_000)
	tessApproves, odaApproves := says{"Tess", approval.Approve, false}, says{"Oda", approval.Approve, false}
	annOnDevice := says{"Ann", approval.Approve, false}
	for name, c := range map[string]struct {
		people []says
		words  string
	}{
		"one only":                {[]says{tessDrafts, annApproves}, "people/two"},
		"the drafter herself":     {[]says{tessDrafts, annApproves, tessApproves}, "Tess"},
		"the same person twice":   {[]says{tessDrafts, annApproves, annOnDevice}, "people/two"},
		"an officer":              {[]says{tessDrafts, annApproves, odaApproves}, "people/two"},
		"nobody signed the draft": {[]says{annApproves, benApproves}, "draft"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refusedFor(t, r, w.evidence(t, r, c.people...), "people/two", c.words)
		})
	}
	w.refusedFor(t, r, w.evidence(t, r, tessDrafts, annApproves, benApproves, says{"Cem", approval.Veto, true}), "people/veto", "Cem")
	large := w.Pay("large", "Exchange", payee(1), 0, 2000, 2_500_000)
	w.refusedFor(t, large, w.evidence(t, large, tessDrafts, annApproves, says{"Ben", approval.Approve, true}), "people/offline", "offline")
	if _, err := w.SignWith(r, w.evidence(t, r, says{"Payroll", approval.Draft, false}, annApproves, benApproves), 0, 1); err != nil {
		t.Fatalf("drafted by a program and approved by two: %v", err)
	}
}

// The coordinator shows a veto to nobody but the first station; or shows the
// second one an approval fewer, to have it sign what looks routine. Evidence is
// under the digest that every station acknowledges: the second one sees another
// order than the first.
func TestEvidenceThatDiffersWithinAQuorum(t *testing.T) {
	w := readyUnder(t, 2, 3, peopled(t))
	r := w.Pay("differs", "Exchange", payee(1), 0, 2000, 500_000)
	e := w.evidence(t, r, tessDrafts, annApproves)
	session, request, err := w.OpenWith(r, e, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	answer, refused, err := w.Visit(w.Stations[0], request)
	if err != nil || refused != nil {
		t.Fatal(err, refused)
	}
	step, err := w.Answer(session, answer)
	if err != nil {
		t.Fatal(err)
	}
	second := step.Send[0].Bytes
	for name, other := range map[string]policy.Evidence{
		"nothing":        {},
		"a draft only":   {Statements: e.Statements[:1]},
		"one voice more": w.evidence(t, r, tessDrafts, annApproves, benApproves),
		"a claim more":   {Statements: e.Statements, Claims: policy.Claims{Balance: 1}},
	} {
		b, err := other.Encode()
		if err != nil {
			t.Fatal(err)
		}
		evil := w.forge(t, second, func(o *signing.Order, _ *batch.Request) { o.Evidence = b }, nil)
		t.Run(name, func(t *testing.T) { w.refuses(t, w.Stations[1], evil, "signing/acknowledgement") })
	}
	w.refuses(t, w.Stations[1], w.forge(t, second, func(o *signing.Order, _ *batch.Request) { o.Evidence = append(o.Evidence, 0) }, nil), "signing/acknowledgement")
	if _, refused, err := w.Visit(w.Stations[1], second); err != nil || refused != nil {
		t.Fatalf("undone, the batch must pass: %v %v", refused, err)
	}
}

// Evidence that is torn, unordered or no statement at all is refused before it is
// judged, and signs nothing.
func TestEvidenceThatCannotBeRead(t *testing.T) {
	w := readyUnder(t, 2, 3, peopled(t))
	r := w.Pay("torn", "Exchange", payee(1), 0, 2000, 500_000)
	_, request, err := w.OpenWith(r, w.evidence(t, r, tessDrafts, annApproves), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stations[0]
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Evidence = o.Evidence[1:] }, nil), "signing/malformed")
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Evidence = nil }, nil), "signing/malformed")
	nonsense, err := policy.Evidence{Statements: [][]byte{{0xa0}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.refuses(t, s, w.forge(t, request, func(o *signing.Order, _ *batch.Request) { o.Evidence = nonsense }, nil), "signing/judge")
}

// read is a review as text, each label, value and note in quotes.
func read(r ceremonies.Review) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", r.Verdict)
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "%s\n", s.Title)
		for _, l := range s.Lines {
			fmt.Fprintf(&b, "%q %q %q\n", l.Label, l.Value, l.Note)
		}
	}
	return b.String()
}
