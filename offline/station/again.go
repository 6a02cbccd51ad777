package station

import (
	"context"
	"fmt"

	"heliograph/ceremonies"
	"heliograph/ceremonies/signing"
	"heliograph/shared/wire"
)

// Again shows the coordinator once more what it was shown last: the answer to
// the last order, or before there was one the confirmation of the first address
// and the first nonce pool. A message that was taken off the screen too early is
// otherwise lost to the coordinator, which then cannot open another order for
// this station. The bytes are those that were kept; nothing is signed or burnt.
// ErrNoWallet before key generation is finished here.
func (a *App) Again(ctx context.Context) error {
	p, err := a.reopenPost()
	if err != nil {
		return err
	}
	var messages []wire.Message
	name := p.sign.Last()
	if name == signing.PoolName && !a.identity.restored {
		confirmation, err := a.confirmation()
		if err != nil {
			return err
		}
		messages = append(messages, confirmation...)
	}
	last, err := a.stored(name)
	if err != nil {
		return err
	}
	messages = append(messages, last)
	for i, m := range messages {
		title := m.Kind.String() + ", again"
		if len(messages) > 1 {
			title = fmt.Sprintf("%s (%d of %d)", title, i+1, len(messages))
		}
		if err := a.show(ctx, ceremonies.Show{Title: title, To: "the coordinator", Message: m}); err != nil {
			return err
		}
	}
	return nil
}

// confirmation is the last message of key generation.
func (a *App) confirmation() ([]wire.Message, error) {
	machine, err := a.keygenMachine()
	if err != nil {
		return nil, err
	}
	step, err := a.start(machine)
	return step.Send, err
}
