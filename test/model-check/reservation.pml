/*
 * The reservation of nodes as implemented (src/lrt): bookings with tokens and epochs, check, prepare, execute, abort,
 * leases, promises, restarts, and a network that loses, delays, reorders and (across restarts) repeats.
 *
 * Leader i wants to move one guest from node i, where it lives, to node i + 1; with PULLS it lives on node i + 1. Every process below is one loop with
 * a single control state; a step is what the code does within one turn. Every run is finite: so a run that can do no
 * more must have given everything back. What stands for which function: docs/reference/model-check.md.
 *
 * Sizes: N nodes, LEADERS (all of them), A attempts of each leader, R plans made anew, M messages under way, CRASHES, CHANGES (guests that
 * come or go by themselves), LAPSES (leases that end under a live leader), SUSPICIONS (live peers taken for dead),
 * REPEATS (requests that reach a node a second time, after its restart).
 * Mutants, one fault each: checks.ts.
 */
#ifndef N
#define N 2
#endif
#ifndef LEADERS
#define LEADERS N
#endif
#ifndef A
#define A 1
#endif
#ifndef R
#define R 1
#endif
#ifndef M
#define M 3
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef CHANGES
#define CHANGES 0
#endif
#ifndef LAPSES
#define LAPSES 0
#endif
#ifndef SUSPICIONS
#define SUSPICIONS 0
#endif
#ifndef REPEATS
#define REPEATS 0
#endif
#ifndef LOSSES
#define LOSSES 1
#endif

/* A partition has a source (role 0) and a destination (role 1); its leader lives on one of them. */
#define NODE(i, r) (((i) + (r)) % N)
#ifdef PULLS
#define OWN 1
#else
#define OWN 0
#endif
#define OTHER (1 - OWN)
#define HOME(i) NODE(i, OWN)
#define LIVES(n) (((n) + N - OWN) % N)
#define AT(i, r) (2 * (i) + (r))
#define DEST(i) NODE(i, 1)
/* The leader whose destination this node is. */
#define LANDS(n) (((n) + N - 1) % N)

/* Requests. */
#define RESERVE 1
#define CHECK 2
#define PREPARE 3
#define EXECUTE 4
#define ABORT 5
#define RELEASE 6
#define PROPOSE 7
#define CALLED_OFF 8 /* partition.ended to a destination, from the leader */
#define ENDED_DONE 9
#define ENDED_FAILED 10
/* Answers. */
#define JOINED 1
#define BUSY 2
#define UNSETTLED 3
#define STALE 4
#define NOT_MINE 5
#define AGREED 6
#define DISAGREED 7
#define PREPARED 8
#define ACCEPTED 9
#define REFUSED 10
#define SEEN_OPEN 11
#define SEEN_DONE 12
#define SEEN_OVER 13
#define SILENCE 14
/* Phases of a leader. */
#define IDLE 0
#define GROWING 1
#define CHECKING 2
#define PREPARING 3
#define ORDERING 4
#define ABORTING 5
#define RUNNING 6

typedef Message {
  byte type; byte leader; bit role; byte attempt; byte epoch; byte token; byte version;
  bit awaited; /* the leader still waits for its answer */
  bit taken    /* this process of the node has answered it: a repetition changes nothing */
}
Message net[M];
byte underway; /* messages */

/* Leaders (memory). */
byte phase[N]; byte attempt[N]; byte epoch[N]; byte replans[N]; bit over_time[N];
bit member[2 * N]; bit asked[2 * N]; byte token_of[2 * N]; byte version_of[2 * N];
bit waiting[2 * N]; byte answer[2 * N]; byte answer_token[2 * N]; byte answer_version[2 * N];

/* Nodes: the booking (durable but for `settling`), the token, those deposed (durable). */
byte holder[N]; /* leader + 1; 0: free */
byte held_attempt[N]; byte held_epoch[N]; byte held_token[N]; bit applying[N]; bit followed[N]; bit settling[N];
byte last_token[N]; byte deposed[N * N]; byte version[N];
/* Intents (durable): of the source of i, and what the destination of i has promised. */
byte source[N]; /* 0 none, 1 ordered, 2 migrating */
byte source_attempt[N]; byte source_epoch[N];
bit promise[N]; byte promise_attempt[N]; byte promise_epoch[N];
/* Orders given up at the source (memory): of each attempt, a bit for each epoch. */
short given_up[N * A];
bit gone[N * N]; /* n has yet to hear that the process of m is gone */
bit moved[N];    /* the guest of i has arrived */

byte crashes = CRASHES, changes = CHANGES, lapses = LAPSES, suspicions = SUSPICIONS, repeats = REPEATS, losses = LOSSES;

/* Ghosts: what is on a node, as changed by partitions and by itself, and as a leader's snapshot has it. */
byte by_partition[N]; byte by_itself[N];
byte answer_partition[2 * N]; byte answer_itself[2 * N];
byte seen_partition[2 * N]; byte seen_itself[2 * N];
byte planned_partition[2 * N];

/* The properties' names, as they appear in a failure; WATCHED: the sum of those that are checked. */
#ifndef WATCHED
#define WATCHED 31
#endif
#define DEMAND(which, condition, name) assert(!(WATCHED & which) || ((condition) && name))
hidden byte one_partition_acts_on_a_node = 1, no_action_on_a_changed_snapshot = 1, no_action_under_an_old_booking = 1,
  every_reservation_is_released = 1, the_model_is_sound = 1;

#define ACTS(i, n) (source[i] == 2 && ((i) == (n) || DEST(i) == (n)))
#define MINE(n, i, a) (holder[n] == (i) + 1 && held_attempt[n] == (a))
#define OPEN(n) (source[n] != 0 || promise[LANDS(n)])
#define BIT(e) (1 << (e))
#define ORDERS(i, a) given_up[(i) * A + (a) - 1]
#define GAVE_UP(i, a, e) (ORDERS(i, a) & BIT(e))
#define ROOM(k) (underway + (k) <= M)

#ifdef TOKEN_UNCHECKED
#define HOLDS(n, t) true
#else
#define HOLDS(n, t) (!settling[n] && held_token[n] == (t))
#endif

inline post(kind, i, r, await_it) {
  s = 0;
  do :: s < M && net[s].type != 0 -> s++ :: else -> break od;
  DEMAND(16, s < M, the_model_is_sound);
  net[s].type = kind; net[s].leader = i; net[s].role = r; net[s].attempt = attempt[i]; net[s].epoch = epoch[i];
  net[s].token = token_of[AT(i, r)]; net[s].version = version_of[AT(i, r)]; net[s].awaited = await_it;
  net[s].taken = 0; underway++;
  if :: await_it -> waiting[AT(i, r)] = 1; answer[AT(i, r)] = 0 :: else fi;
  s = 0
}
inline drop(slot) {
  net[slot].type = 0; net[slot].leader = 0; net[slot].role = 0; net[slot].attempt = 0; net[slot].epoch = 0;
  net[slot].token = 0; net[slot].version = 0; net[slot].awaited = 0; net[slot].taken = 0; underway--
}
/* The leader waits no longer for what is under way to that node. */
inline forget(i, r) {
  s = 0;
  do
  :: s < M ->
    if :: net[s].type != 0 && net[s].leader == i && net[s].role == r -> net[s].awaited = 0 :: else fi; s++
  :: else -> break
  od;
  s = 0
}
inline consume(i, r) {
  waiting[AT(i, r)] = 0; answer[AT(i, r)] = 0; answer_token[AT(i, r)] = 0; answer_version[AT(i, r)] = 0;
  answer_partition[AT(i, r)] = 0; answer_itself[AT(i, r)] = 0
}

/* ── BookingDesk ── */
inline make_free(n) {
  holder[n] = 0; held_attempt[n] = 0; held_epoch[n] = 0; held_token[n] = 0; applying[n] = 0; followed[n] = 0;
  settling[n] = 0
}
inline end_booking(n) {
#ifdef SETTLING_SKIPPED
  make_free(n)
#else
  if :: OPEN(n) -> settling[n] = 1 :: else -> make_free(n) fi
#endif
}
inline settled(n) { if :: holder[n] != 0 && settling[n] && !OPEN(n) -> make_free(n) :: else fi }
/* refusal(): 0 or the answer. */
inline refusal(n, i, a, e) {
  if
  :: !MINE(n, i, a) || settling[n] -> reply = NOT_MINE
#ifndef EPOCH_UNCHECKED
  :: MINE(n, i, a) && !settling[n] && (e < held_epoch[n] || followed[n]) -> reply = STALE
#endif
  :: else -> reply = 0
  fi
}
inline snapshot(i, r, n) {
  answer_version[AT(i, r)] = version[n];
  answer_partition[AT(i, r)] = by_partition[n]; answer_itself[AT(i, r)] = by_itself[n]
}

/* ── Scheduler.#answer ── */
#ifdef UNSETTLED_JOINS
#define MAY_CHANGE(n, i, a) false
#else
#define MAY_CHANGE(n, i, a) (OPEN(n) && (holder[n] == 0 || MINE(n, i, a)))
#endif
inline on_reserve(n, i, r, a, e) {
  if
  :: MAY_CHANGE(n, i, a) -> reply = UNSETTLED
  :: !MAY_CHANGE(n, i, a) && MINE(n, i, a) && !settling[n] ->
    refusal(n, i, a, e);
    if :: reply == 0 -> held_epoch[n] = e; reply = JOINED :: else fi
  :: !MAY_CHANGE(n, i, a) && holder[n] != 0 && (!MINE(n, i, a) || settling[n]) -> reply = BUSY
  :: !MAY_CHANGE(n, i, a) && holder[n] == 0 && deposed[n * N + i] == a -> reply = STALE
  :: else ->
    last_token[n]++; holder[n] = i + 1; held_attempt[n] = a; held_epoch[n] = e; held_token[n] = last_token[n];
    reply = JOINED
  fi;
  if :: reply == JOINED && awaited -> answer_token[AT(i, r)] = held_token[n]; snapshot(i, r, n) :: else fi
}
inline on_check(n, i, r, a, e, v) {
  refusal(n, i, a, e);
  if
  :: reply != 0
#ifndef CHECK_SKIPPED
  :: reply == 0 && (v != version[n] || (r == 0 && moved[i])) ->
    held_epoch[n] = e; applying[n] = 0; reply = DISAGREED;
    if :: awaited -> snapshot(i, r, n) :: else fi
#endif
  :: else ->
    held_epoch[n] = e; applying[n] = 1; reply = AGREED;
    if
    :: awaited ->
      DEMAND(2, seen_partition[AT(i, r)] == by_partition[n] && seen_itself[AT(i, r)] == by_itself[n],
        no_action_on_a_changed_snapshot)
    :: else
    fi
  fi
}
/* ── Participant ── */
inline on_prepare(n, i, a, e, t) {
  refusal(n, i, a, e);
  if
  :: reply != 0
  :: reply == 0 && promise[i] && promise_attempt[i] == a && promise_epoch[i] == e -> reply = PREPARED
  :: reply == 0 && !promise[i] && HOLDS(n, t) ->
    promise[i] = 1; promise_attempt[i] = a; promise_epoch[i] = e; reply = PREPARED
  :: else -> reply = REFUSED /* of a second promise, too: as if there were no memory for it */
  fi
}
inline on_execute(n, i, a, e, t) {
#ifdef TOKEN_UNCHECKED
  reply = 0;
#else
  refusal(n, i, a, e);
#endif
  if
  :: reply != 0
  :: reply == 0 && source[i] != 0 && source_attempt[i] == a && source_epoch[i] == e -> reply = ACCEPTED
#ifdef GIVEN_UP_TAKEN
  :: reply == 0 && source[i] == 0 && HOLDS(n, t) && !moved[i] ->
#else
  :: reply == 0 && source[i] == 0 && !GAVE_UP(i, a, e) && HOLDS(n, t) && !moved[i] ->
#endif
    source[i] = 1; source_attempt[i] = a; source_epoch[i] = e; reply = ACCEPTED
  :: else -> reply = REFUSED
  fi
}
/* abort, inquire: an order that is not open here never will be. */
inline give_up(i, a, e) { ORDERS(i, a) = ORDERS(i, a) | BIT(e) }
inline on_abort(i, a, e) {
  if
  :: source[i] != 0 && source_attempt[i] == a && source_epoch[i] == e -> reply = SEEN_OPEN
  :: else -> give_up(i, a, e); if :: moved[i] -> reply = SEEN_DONE :: else -> reply = SEEN_OVER fi
  fi
}
inline end_promise(i) { promise[i] = 0; promise_attempt[i] = 0; promise_epoch[i] = 0; settled(DEST(i)) }
inline end_source(i) { source[i] = 0; source_attempt[i] = 0; source_epoch[i] = 0; settled(i) }

/* BookingDesk.follow with what the caretaker sends next: one release. */
inline on_propose(n, i, a, e) {
  reply = 0;
  if
  :: MINE(n, i, a) && e > held_epoch[n] -> held_epoch[n] = e; deposed[n * N + i] = a; reply = 1
  :: else
  fi
}

proctype Network(byte m) {
  byte s, n, i, a, e, t, v, kind, reply; bit r, awaited, back;
  end:
  do
  /* Lost; or it was a repetition, which changes nothing. */
  :: d_step { net[m].type != 0 && !net[m].awaited && !net[m].taken && net[m].role == OTHER && losses > 0 -> losses--; drop(m) }
  :: d_step { net[m].type != 0 && net[m].taken -> drop(m) }
  :: d_step {
      net[m].type != 0 && !net[m].taken ->
      kind = net[m].type; i = net[m].leader; r = net[m].role; a = net[m].attempt; e = net[m].epoch;
      t = net[m].token; v = net[m].version; awaited = net[m].awaited; n = NODE(i, r); reply = 0; back = 0;
      if
      :: kind == RESERVE -> on_reserve(n, i, r, a, e)
      :: kind == CHECK -> on_check(n, i, r, a, e, v)
      :: kind == PREPARE -> on_prepare(n, i, a, e, t)
      :: kind == EXECUTE -> on_execute(n, i, a, e, t)
      :: kind == ABORT -> on_abort(i, a, e)
      :: kind == RELEASE ->
#ifdef RELEASE_UNCHECKED
        if :: holder[n] != 0 -> end_booking(n) :: else fi
#else
        if :: MINE(n, i, a) && !followed[n] -> end_booking(n) :: else fi
#endif
      :: kind == PROPOSE -> on_propose(n, i, a, e); back = reply
      :: kind == CALLED_OFF ->
        if
        :: promise[i] && promise_attempt[i] == a && promise_epoch[i] == e && source[i] != 2 -> end_promise(i)
        :: else
        fi
      :: kind == ENDED_DONE || kind == ENDED_FAILED ->
        if
        :: phase[i] >= PREPARING && attempt[i] == a && epoch[i] == e ->
          forget(i, 0); forget(i, 1); consume(i, 0); consume(i, 1); phase[i] = RUNNING;
          answer[AT(i, 0)] = (kind == ENDED_DONE -> SEEN_DONE : SEEN_OVER)
        :: else
        fi
      fi;
      if :: awaited && kind <= ABORT -> answer[AT(i, r)] = reply; net[m].awaited = 0 :: else fi;
      if
      :: back -> net[m].type = RELEASE
      :: !back && repeats > 0 && kind <= RELEASE -> repeats--; net[m].taken = 1
      :: else -> drop(m)
      fi;
      s = 0; n = 0; i = 0; a = 0; e = 0; t = 0; v = 0; kind = 0; reply = 0; r = 0; awaited = 0; back = 0
    }
  od
}

/* ── Partition, Executor ── */
inline ask(i, r) { asked[AT(i, r)] = 1; post(RESERVE, i, r, 1) }
inline leave(i, r) { member[AT(i, r)] = 0; post(RELEASE, i, r, 0) }
inline join(i, r) {
  member[AT(i, r)] = 1; epoch[i]++; token_of[AT(i, r)] = answer_token[AT(i, r)];
  version_of[AT(i, r)] = answer_version[AT(i, r)];
  seen_partition[AT(i, r)] = answer_partition[AT(i, r)]; seen_itself[AT(i, r)] = answer_itself[AT(i, r)]
}
inline forget_plan(i, r) {
  asked[AT(i, r)] = 0; token_of[AT(i, r)] = 0; version_of[AT(i, r)] = 0; seen_partition[AT(i, r)] = 0;
  seen_itself[AT(i, r)] = 0; member[AT(i, r)] = 0; consume(i, r)
}
inline finish(i) {
  if :: member[AT(i, 0)] -> leave(i, 0) :: else fi;
  if :: member[AT(i, 1)] -> leave(i, 1) :: else fi;
  forget(i, 0); forget(i, 1); forget_plan(i, 0); forget_plan(i, 1);
  phase[i] = IDLE; epoch[i] = 0; replans[i] = 0; over_time[i] = 0
}
/* afterFailures: members are asked under the old epoch; then it grows. */
inline failed(i) {
  if
  :: replans[i] < R ->
    replans[i]++;
    if :: member[AT(i, 0)] -> ask(i, 0) :: else -> asked[AT(i, 0)] = 0 fi;
    if :: member[AT(i, 1)] -> ask(i, 1) :: else -> asked[AT(i, 1)] = 0 fi;
    phase[i] = GROWING; epoch[i]++
  :: else -> finish(i)
  fi
}
inline replan(i) {
  if
  :: replans[i] < R ->
    replans[i]++; phase[i] = GROWING; epoch[i]++;
    asked[AT(i, 0)] = member[AT(i, 0)]; asked[AT(i, 1)] = member[AT(i, 1)]
  :: else -> epoch[i]++; finish(i)
  fi
}
inline answered(i, r) {
  if
  :: answer[AT(i, r)] == JOINED -> join(i, r)
  :: answer[AT(i, r)] == UNSETTLED && member[AT(i, r)] -> leave(i, r) /* it did not settle in time */
  :: answer[AT(i, r)] == SILENCE || (answer[AT(i, r)] == UNSETTLED && !member[AT(i, r)]) -> leave(i, r)
  :: else -> member[AT(i, r)] = 0
  fi;
  consume(i, r)
}
inline checked(i, r) {
  if
  :: answer[AT(i, r)] == AGREED -> stale_plan = stale_plan
  :: answer[AT(i, r)] == DISAGREED ->
    stale_plan = 1; version_of[AT(i, r)] = answer_version[AT(i, r)];
    seen_partition[AT(i, r)] = answer_partition[AT(i, r)]; seen_itself[AT(i, r)] = answer_itself[AT(i, r)]
  :: else -> stale_plan = 1; if :: member[AT(i, r)] -> leave(i, r) :: else fi
  fi;
  consume(i, r)
}

#define QUIET(i) (!waiting[AT(i, 0)] && !waiting[AT(i, 1)])
proctype Leader(byte i) {
  byte s; bit stale_plan;
  end:
  do
  :: d_step {
      phase[i] == IDLE && !moved[i] && attempt[i] < A && ROOM(1) ->
      attempt[i]++; epoch[i] = 1; phase[i] = GROWING; ask(i, OWN)
    }
  /* A call comes to nothing: its answer, or it, may still be under way. */
  :: d_step { waiting[AT(i, OTHER)] && answer[AT(i, OTHER)] != SILENCE && losses > 0 ->
      losses--; forget(i, OTHER); answer[AT(i, OTHER)] = SILENCE }

  :: d_step { phase[i] == GROWING && waiting[AT(i, 0)] && answer[AT(i, 0)] != 0 && ROOM(1) -> answered(i, 0) }
  :: d_step { phase[i] == GROWING && waiting[AT(i, 1)] && answer[AT(i, 1)] != 0 && ROOM(1) -> answered(i, 1) }
  :: d_step {
      phase[i] == GROWING && QUIET(i) && ROOM(2) ->
      if
      :: !member[AT(i, OWN)] && !asked[AT(i, OWN)] -> ask(i, OWN)
      :: member[AT(i, OWN)] && !member[AT(i, OTHER)] && !asked[AT(i, OTHER)] -> ask(i, OTHER)
      :: member[AT(i, 0)] && member[AT(i, 1)] && !moved[i] ->
        phase[i] = CHECKING; epoch[i]++; post(CHECK, i, 0, 1); post(CHECK, i, 1, 1)
      :: else -> finish(i)
      fi
    }

  :: d_step {
      phase[i] == CHECKING && waiting[AT(i, 0)] && answer[AT(i, 0)] != 0 && answer[AT(i, 1)] != 0 && ROOM(2) ->
      stale_plan = 0; checked(i, 0); checked(i, 1);
      if
      :: stale_plan || !member[AT(i, 0)] || !member[AT(i, 1)] -> replan(i)
      :: else ->
        planned_partition[AT(i, 0)] = seen_partition[AT(i, 0)];
        planned_partition[AT(i, 1)] = seen_partition[AT(i, 1)];
#ifdef PREPARE_SKIPPED
        phase[i] = ORDERING; post(EXECUTE, i, 0, 1)
#else
        phase[i] = PREPARING; post(PREPARE, i, 1, 1)
#endif
      fi;
      stale_plan = 0
    }
  :: d_step {
      phase[i] == PREPARING && answer[AT(i, 1)] != 0 && ROOM(2) ->
      if
      :: answer[AT(i, 1)] == PREPARED -> consume(i, 1); phase[i] = ORDERING; post(EXECUTE, i, 0, 1)
      :: else -> consume(i, 1); failed(i)
      fi
    }
  :: d_step {
      phase[i] == ORDERING && answer[AT(i, 0)] != 0 && ROOM(3) ->
      if
      :: answer[AT(i, 0)] == ACCEPTED -> consume(i, 0); phase[i] = RUNNING
      :: answer[AT(i, 0)] == SILENCE -> consume(i, 0); phase[i] = ABORTING; post(ABORT, i, 0, 1)
      :: else -> consume(i, 0); post(CALLED_OFF, i, 1, 0); failed(i)
      fi
    }
  :: d_step {
      phase[i] == ABORTING && answer[AT(i, 0)] != 0 && ROOM(3) ->
      if
      :: answer[AT(i, 0)] == SEEN_OPEN -> consume(i, 0); phase[i] = RUNNING
      :: answer[AT(i, 0)] == SEEN_DONE -> consume(i, 0); finish(i)
      :: answer[AT(i, 0)] == SILENCE -> consume(i, 0); failed(i)
      :: else -> consume(i, 0); post(CALLED_OFF, i, 1, 0); failed(i)
      fi
    }
  :: d_step {
      phase[i] == RUNNING && answer[AT(i, 0)] != 0 && ROOM(2) ->
      if
      :: answer[AT(i, 0)] == SEEN_DONE -> finish(i)
      :: else -> consume(i, 0); failed(i)
      fi
    }
  /* lifeIsOver, the first time: what runs is aborted; the second: it ends whatever runs. */
  :: d_step { phase[i] == RUNNING && answer[AT(i, 0)] == 0 && !over_time[i] && ROOM(1) -> over_time[i] = 1; post(ABORT, i, 0, 0) }
  :: d_step { phase[i] == RUNNING && answer[AT(i, 0)] == 0 && over_time[i] && ROOM(2) -> finish(i) }
  od
}

/* The hypervisors carry the migration out, whatever becomes of the agents. */
inline begin(i) {
  q = 0;
  do
  :: q < N ->
    DEMAND(1, q == i || !(ACTS(q, i) || ACTS(q, DEST(i))), one_partition_acts_on_a_node);
    q++
  :: else -> break
  od;
  q = 0;
  DEMAND(4, MINE(i, i, source_attempt[i]) && MINE(DEST(i), i, source_attempt[i]) && promise[i],
    no_action_under_an_old_booking);
  DEMAND(2, planned_partition[AT(i, 0)] == by_partition[i] && planned_partition[AT(i, 1)] == by_partition[DEST(i)],
    no_action_on_a_changed_snapshot);
  source[i] = 2; version[DEST(i)]++
}
inline report(i, kind) {
  if
  :: phase[i] != IDLE && attempt[i] == source_attempt[i] && epoch[i] == source_epoch[i] -> post(kind, i, 0, 0)
  :: else
  fi
}

inline restart(n) {
  /* The leader that lived here, with what it has under way to its own node. */
  q = LIVES(n);
  forget(q, 0); forget(q, 1); forget_plan(q, 0); forget_plan(q, 1);
  phase[q] = IDLE; epoch[q] = 0; replans[q] = 0; over_time[q] = 0;
  s = 0;
  do
  :: s < M ->
    if
    :: net[s].type != 0 && net[s].leader == q && net[s].role == OWN -> drop(s)
    /* What this process has answered, and which orders were given up, is not remembered. */
    :: net[s].type != 0 && NODE(net[s].leader, net[s].role) == n && net[s].leader != q ->
#ifndef ORDERS_OUTLIVE_A_RESTART
      if
      :: net[s].type == EXECUTE && GAVE_UP(net[s].leader, net[s].attempt, net[s].epoch) -> drop(s)
      :: else -> net[s].taken = 0
      fi
#else
      net[s].taken = 0
#endif
    :: else
    fi;
    s++
  :: else -> break
  od;
  s = 0;
  q = 1;
  do :: q <= A -> ORDERS(n, q) = 0; q++ :: else -> break od;
#ifdef VERSION_REUSED
  version[n] = 0;
#else
  version[n]++;
#endif
#ifdef TOKEN_FORGOTTEN
  last_token[n] = 0;
#endif
  if :: source[n] == 1 -> end_source(n) :: else fi;
#ifdef BOOKING_FORGOTTEN
  make_free(n);
#endif
#ifdef INTENTS_FORGOTTEN
  promise[LANDS(n)] = 0; promise_attempt[LANDS(n)] = 0; promise_epoch[LANDS(n)] = 0;
#endif
  settling[n] = followed[n];
  q = LIVES(n);
  if
  :: holder[n] == q + 1 && !followed[n] && !applying[n] -> end_booking(n)
  :: holder[n] == q + 1 && !followed[n] && applying[n] ->
    epoch[q] = held_epoch[n] + 1; attempt_now = attempt[q]; attempt[q] = held_attempt[n];
    post(PROPOSE, q, 0, 0); post(PROPOSE, q, 1, 0); attempt[q] = attempt_now; attempt_now = 0; epoch[q] = 0
  :: else
  fi;
  q = 0;
  do :: q < N -> if :: q != n -> gone[q * N + n] = 1 :: else fi; q++ :: else -> break od;
  q = 0
}
/* onPeerGone: `m` is dead, or has come back as a new process. */
inline peer_gone(n, m) {
  gone[n * N + m] = 0; q = LIVES(n);
  if
  :: m == NODE(q, OTHER) ->
    if
    :: waiting[AT(q, OTHER)] && answer[AT(q, OTHER)] == 0 -> forget(q, OTHER); answer[AT(q, OTHER)] = SILENCE
    :: else
    fi;
    if :: phase[q] == GROWING || phase[q] == CHECKING -> member[AT(q, OTHER)] = 0 :: else fi
  :: else
  fi;
  q = LIVES(m);
  if
  :: holder[n] == q + 1 && !followed[n] && !settling[n] && !applying[n] -> end_booking(n)
  :: holder[n] == q + 1 && !followed[n] && !settling[n] && applying[n] ->
    held_epoch[n]++; followed[n] = 1; deposed[n * N + q] = held_attempt[n]; end_booking(n)
  :: else
  fi;
  q = 0
}

/* QUIET_MS is longer than a leader waits for `prepared`: nobody asks before the order has left. */
#define ABOUT_TO_ORDER(i) \
  (phase[i] == PREPARING && attempt[i] == promise_attempt[i] && epoch[i] == promise_epoch[i] && answer[AT(i, 1)] != SILENCE)

#define LEADER_OF(n) (holder[n] - 1)
#define LED(n) (phase[LEADER_OF(n)] != IDLE && attempt[LEADER_OF(n)] == held_attempt[n])
proctype Node(byte n) {
  byte s, q, attempt_now;
  end:
  do
#ifndef LEASE_ENDLESS
  /* The lease ends: of a leader that is no more, or whose renewals did not arrive. */
  :: d_step { holder[n] != 0 && !settling[n] && !LED(n) -> end_booking(n) }
  :: d_step { lapses > 0 && holder[n] != 0 && !settling[n] && LED(n) -> lapses--; end_booking(n) }
#endif
  /* Its own migration, as source. */
  :: d_step { source[n] == 1 -> begin(n) }
  :: d_step {
      source[n] == 2 && ROOM(1) ->
      moved[n] = 1; by_partition[n]++; by_partition[DEST(n)]++; version[n]++; version[DEST(n)]++;
      report(n, ENDED_DONE); end_source(n)
    }
  :: d_step { source[n] == 2 && ROOM(1) -> version[DEST(n)]++; report(n, ENDED_FAILED); end_source(n) }
  /* What it has promised, as destination: the guest is here; or the source says that it has it no longer open. */
  :: d_step { promise[LANDS(n)] && moved[LANDS(n)] && source[LANDS(n)] != 2 -> end_promise(LANDS(n)) }
#ifndef NEVER_ASKS
  :: d_step {
      promise[LANDS(n)] && !moved[LANDS(n)] && !ABOUT_TO_ORDER(LANDS(n)) &&
      !(source[LANDS(n)] != 0 && source_attempt[LANDS(n)] == promise_attempt[LANDS(n)] &&
        source_epoch[LANDS(n)] == promise_epoch[LANDS(n)]) ->
#ifndef INQUIRY_FORGOTTEN
      give_up(LANDS(n), promise_attempt[LANDS(n)], promise_epoch[LANDS(n)]);
#endif
      end_promise(LANDS(n))
    }
#endif
#ifdef PROMISE_LAPSES
  /* As if a lease of the destination's own said when it need not wait any more. */
  :: d_step { promise[LANDS(n)] && source[LANDS(n)] != 2 -> end_promise(LANDS(n)) }
#endif
  :: d_step { changes > 0 -> changes--; by_itself[n]++; version[n]++ }
  :: d_step { crashes > 0 && ROOM(2) -> crashes--; restart(n) }
  :: d_step { suspicions > 0 -> suspicions--; q = (n + 1) % N; gone[n * N + q] = 1; q = 0 }
  :: d_step { gone[n * N + (n + 1) % N] -> peer_gone(n, (n + 1) % N) }
#if N > 2
  :: d_step { gone[n * N + (n + 2) % N] -> peer_gone(n, (n + 2) % N) }
#endif
  od
}

#define GIVEN_BACK(n) (holder[n] == 0 && source[n] == 0 && !promise[n] && phase[n] == IDLE)
active proctype Last() {
  end:
  do
  :: timeout ->
    DEMAND(8, GIVEN_BACK(0) && GIVEN_BACK(1) && GIVEN_BACK(N - 1), every_reservation_is_released); break
  od
}
init {
  atomic {
    byte k;
    for (k : 0 .. LEADERS - 1) { run Leader(k) }
    for (k : 0 .. N - 1) { run Node(k) }
    for (k : 0 .. M - 1) { run Network(k) }
  }
}
