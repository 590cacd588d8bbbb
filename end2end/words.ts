// Every word of the pages that a journey looks for, in one place: when a page's wording changes, this is what changes here.

export const words = {
  provider: {
    username: { name: 'Username' },
    proceed: { name: 'Continue' },
    signOut: { name: 'Sign out here too' },
  },
  signIn: {
    heading: { name: /^Sign in/, level: 1 },
    button: { name: /^Sign in/ },
    noRule: /nothing here admits you/i,
    ended: /session (has )?ended/i,
  },
  navigation: {
    region: { name: 'Main' },
    environments: { name: /^Environments/ },
    launch: { name: 'Launch' },
    account: { name: /Account|Bea|Gus|Lena|Ada/ },
    signOut: { name: 'Sign out' },
  },
  host: {
    live: /live/,
    gone: /does not answer/i,
  },
  environments: {
    heading: { name: 'Environments', level: 1 },
    empty: /no environments/i,
  },
  launch: {
    heading: { name: 'Launch', level: 1 },
    template: (label: string) => ({ name: new RegExp(label) }),
    name: 'Name',
    submit: { name: 'Launch', exact: true },
    after: { name: /after this/i },
    overQuota: (limit: number, used: number) =>
      new RegExp(`the team may hold ${limit} environments?, holds ${used} environments?, and this asks for 1 environment more`),
  },
  environment: {
    running: /^running$/i,
    stopped: /^stopped$/i,
    failed: /^failed$/i,
    port: (name: string) => ({ name: new RegExp(`^${name}\\b`) }),
    start: { name: 'Start', exact: true },
    stop: { name: 'Stop', exact: true },
    restart: { name: 'Restart', exact: true },
    extend: { name: 'Extend', exact: true },
    remove: { name: /^Remove/ },
    confirmRemove: { name: /^Remove/ },
    expires: /expires/i,
    exited: /exit(ed)?.*\b3\b/i,
    notReady: /port.*(not|never)/i,
    noImage: /image is neither/i,
  },
  time: {
    region: { name: 'Time' },
    soon: { name: 'Ending soon' },
    expires: /^It expires in \d+ s/,
    soonExpires: /expires in \d+ s/,
    kept: /^Its lifetime ended\. It is removed in \d+ s/,
    week: /It is removed in (7 d|6 d 23 h)/,
    howToKeep: /^To keep it, start it again/,
    untilRemoved: 'until removed',
    ifIdle: 'if idle',
    idle: /^Stops .+ if idle; last activity: start/,
  },
  notFound: { name: /not (found|here)|no such/i, level: 1 },
};
