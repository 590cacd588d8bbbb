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
  audit: {
    link: { name: 'Audit' },
    heading: { name: 'Audit', level: 1 },
    export: { name: 'CSV' },
    filter: { name: 'Filter', exact: true },
    person: { name: 'Person' },
    action: { name: 'Action' },
    nothing: /nothing matches/i,
  },
  history: {
    tab: { name: 'History' },
    ended: { name: 'How it last ended' },
    exit: /exit code/,
  },
  notFound: { name: /not (found|here)|no such/i, level: 1 },
};
