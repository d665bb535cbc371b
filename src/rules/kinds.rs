//! The kinds of fact in the catalogue, and the keys that each has.

use serde::Deserialize;

/// The kinds of fact. This list is the catalogue's whole vocabulary; `rules/README.md` is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A constructor or factory whose result makes calls and carries their settings: `timeout`, `retry`, `output`. With
    /// `as` it stands in the decorator of a class, and makes what the classes that are listed there ask for by that name.
    /// With `role = "process"` it is a model that runs in the process itself: asking it, or what is put together with no
    /// other model, leaves the process for nobody.
    Client,
    /// A call that leaves the process. `calls = "llm"` makes a model generate, `"paid"` is another metered generation
    /// (image, audio, search, embeddings), `"external"` any other. `input` names the arguments that carry messages or
    /// a prompt. `timeout`, `retry`, `output` as settings of the call itself. With `raises = false` it returns before it can
    /// fail: what fails is told where its answer is read, but not by the parts of it that `keys` names: they end without a
    /// word. `handlers` names the arguments that are told when it has
    /// succeeded, `errors` those that are told of its failure.
    Call,
    /// A method that returns its receiver with other settings (`with_options`, `bind`), or a function that returns its
    /// first argument unchanged (`instrument(client)`, `wrap_openai(client)`); `value` is the argument path of another one,
    /// `#0()` for what that function returns, `#0[]` for one of the items of that list, `#0[*]` for a list of the same
    /// items each at its place (`#*`: of all arguments), `#[]` for each of all arguments and of the lists spread there, or
    /// what members of its own object give (`self.serializer_class()`, `self()` for an object of the class itself), `self`
    /// for the object where that is one which the library exports as it is, or an object of the class of the program
    /// that goes by a name (`class #0`). With `role = "kept"` that lasts as long as the program. Where `errors` is given,
    /// what fails stands
    /// among what it gives, and is not raised.
    Same,
    /// A function that makes something runnable out of runnables: a chain, an agent, a graph. Its result is
    /// `as` (a canonical name ending in `()`), its settings are those of the clients among its arguments; with
    /// `value` (`llm = library.Settings.llm`) those of what is assigned there, where it is given no such argument. Where
    /// `needs` or `unless` do not fit, settings of its own do not hold.
    Compose,
    /// An address of a provider: `hosts` as regular expressions over the URL text of a raw HTTP call, `replies` as keys that
    /// are read from its reply; `calls`, `output`, `needs` and `unless` (keys of the body) as in `call`.
    Endpoint,
    /// A call that sends a raw HTTP request to the address in `url` (an argument path); with `timeout` and its default;
    /// `raises = true` where an error status is raised. Of one that opens a connection `exports` names the methods by
    /// which something is asked there. Where the answer is there before its body, `replies` names what reads the body.
    Http,
    /// The registration of an entry point: as a decorator, or as a call that is given the handler. `entry` is its kind
    /// (`http`, `websocket`, `bot`, `queue`, `cron`, `cli`, `ui`, `action`), `handler` the argument path of the handler
    /// (absent for decorators; `#-1` is the last positional argument, every earlier function argument is middleware),
    /// `needs` tells for which registrations it holds, `path` the argument path of the route, `method` the HTTP method (`POST`) or its argument path where the name of the
    /// function does not tell it, `guards` the argument paths of dependencies. Where a class may be the handler,
    /// `exports` names the methods that the framework calls (`post/create/perform_create` is one that it calls for a POST
    /// within methods of its own, and `receives` names the field with the class of what it passes), and `guards` also fields
    /// of the class that list guards (`get_throttles/throttle_classes` where a method may answer in place of the field). Of a decorator `exports` names the functions for which the fact holds. With
    /// `role = "decides"` what `guards` names is asked whether the handler is to run: it refuses by saying no. With
    /// `role = "here"` the handler runs where the object is used that it is registered with, and what it raises leaves
    /// there, with `role = "listed"` `handler` is a list of them, with `role = "derived"` `names` are classes to derive from. `by` names the class of the application with which a decorator registers that is called on none, where there is only one; what
    /// the decorator is given for `guards` then stands in place of the application's. `keys` are attributes with the path,
    /// of the type of something that the handler is given.
    Route,
    /// The constructor of an application or router; `guards` names arguments that hold guards for all its routes,
    /// `handlers` arguments that hold a start-up function (a lifespan), or classes of which objects are made at the start;
    /// `value` is the argument path of a list of all that it holds: handlers, classes of handlers, and routers. With
    /// `role = "answers"` it answers by itself what its handlers raise; with `role = "start"` it is a call that
    /// registers start-up functions, which run unless one of `unless` holds for it or for what made its object.
    Router,
    /// A call that puts a router or handlers under an application: every function argument before a router is
    /// middleware of it, a call with functions only is middleware of what is registered after it (`order = "after"`),
    /// of what was registered before it (`"before"`) or of everything (`"all"`). `guards` as in `route`. With
    /// `role = "scope"` a function is a plugin that is given a router of its own below this one, unless what made it has
    /// `role = "parent"`: then it adds to this one; with `role = "folder"` it is a plugin that registers what the files of
    /// the folder at `path` export. With `role = "served"` it answers requests with the router at `handler`:
    /// what stands in front of the call stands in front of all that this router holds. With `role = "included"` it takes in,
    /// under its path, the list of registrations or the router at `handler`, also a module by its dotted name; `value` is the
    /// setting that names the module with the outermost list; with `role = "loads"` it loads the module whose dotted name it is
    /// given first, whatever it is called on. With `scope = "exact"` middleware stands in front of its path only, and
    /// not of those below.
    Mount,
    /// A call or decorator that adds a middleware class or function to an application or router; with `needs` only where
    /// they hold, and then only what `handler` names; where one of `unless` holds it runs when the handler has run; with
    /// `scope = "member"` for what the same member of the router registers, with `scope = "selected"` what the call
    /// `handler` was given is for what this call is given: paths, objects with a `path` and a `method`, classes of
    /// handlers; calls that `keys` name before it leave some out. With `order = "response"` when the answer has been made,
    /// with `role = "assigned"` where it is assigned to a member, with `role = "decides"` when it is asked whether the
    /// handler is to run. In the decorator of a class `method` is the argument path of the one method that it is for. With
    /// `scope = "library"` the library calls it after each of its own entry points (a signal), unless it names a sender;
    /// with `scope = "handlers"` it is for those only that are registered by what `keys` names. With `role = "groups"` the
    /// table at `value` holds registrations by the number of their group, and those by what `keys` names stand in front of
    /// all others where the number is below nought. With `role = "makes"` they are traits whose objects are asked by the
    /// method `handler` for what stands in front, of which `guards` names the method that is run. With `role = "hooks"` a class has methods around all handlers, which
    /// `guards` names by what they see. With `entry` it stands in front of entry points of that kind alone; with
    /// `role = "kind"` `names` are those of what is put in front, or of classes that it derives from, and `entry` tells the
    /// kind of entry points that these see.
    Middleware,
    /// A call or decorator that registers a handler of errors. `parameters` tells how many parameters a function
    /// must have to be one where the registration alone does not (Express: 4); `receives` what it is given, in order or as
    /// `name = thing`; with `order = "before"` it sees the errors of
    /// what was registered before it, with `scope = "router"` at a router below the application only those of what is registered
    /// there, with `role = "inside"` it answers before middleware goes on; with `role = "told"` the function at
    /// `handler` is told of them and answers nothing, with `role = "logs"` the object at `handler` is told of what is
    /// logged as an error, with `scope = "library"` it sees the errors of entry points of its library. `value` is the
    /// argument path of a table of handlers by their errors.
    ErrorHandler,
    /// A marker whose argument is called before the handler and whose result is the parameter's value (`Depends`); or a
    /// trait whose method `handler` makes the values of the parameters declared with its types (`FromRequest`). With
    /// `value` its argument is a token, provided where the same token stands under that key of an object, by what stands
    /// under one of `keys` beside it.
    Inject,
    /// A call that gives the object at `value` to all handlers: their parameters that are declared with its type are it.
    /// With `role = "named"` it gives them its keyword arguments, to the parameters of the same names; of a name that
    /// ends in `[]` what is assigned there under a key, and with `value` what stands in the table there, which for a class
    /// is a field of those that derive from it. With `role = "asked"` it is the type by which they ask for it:
    /// `State<App>`. With `role = "member"` it becomes a member of the application, and of all that are of its type, by
    /// the name that the call is given first. With `role = "context"` what the function or object at `value` gives has
    /// the members of what handlers are given under the canonical name `as`. With `role = "yielded"` the function at `value`
    /// runs at the start, and the keys of what it yields are members of what `keys` name: of the `state` of every request.
    Provide,
    /// A file that a framework finds by its path: `files` as globs; `exports` names the functions that are entry
    /// points (`entry`, `public`), middleware (`guards = ["*"]`), start-up code (`role = "start"`) or a list of the dotted
    /// names of middleware (`role = "names"`; `guards` then names methods of these classes by what they see, `request`,
    /// `response` or `error`; with `handler` it is the method that starts what is named, in the module `path` of a package).
    /// With `scope = "root"` the file stands in the folder of a project or in its
    /// `src`; `path` is what the file exports of the paths for which its middleware stands in front. With `role = "page"`
    /// what it exports makes a page on the server, and is an entry point where it reaches a call that is paid for. With
    /// `scope = "project"` the paths are those from the folder of a project that uses the library. `keys` are names of
    /// which the first parameter of an entry point has one, or the types that are declared for it; with `role = "alone"`
    /// the file is one that no other imports; with `role = "listed"` it exports something with a list of functions, which
    /// are entry points; with `role = "error-handler"` it is told of errors, which with `scope = "inside"` middleware sees as
    /// answers; with `role = "settings"` it is only read for what other facts say of it. With
    /// `role = "logs"` it exports a table of handlers of log lines, and `keys` are the loggers to which the framework
    /// writes the errors of its own entry points. With `needs` only where they hold of what the file exports
    /// (`prerender == false`), or of a member that its library's settings give a value to (`library.output == server`).
    /// With `protects` it holds settings as code, and protects where it gives a value to all that `exports` names. `value` is
    /// the one of several runtimes (`deployed`) in which it is loaded.
    Convention,
    /// Something that protects: `protects` names the item (`V1`, `V2`, `A1`, `A2`, `A3`, `C1`, `C2`, `C3`, `T1-input`, `T2`),
    /// `how` the way it is wired: `decorator`, `middleware` (given to a middleware, mount, or route registration, or added),
    /// `wrapper` (wraps a function that it calls, or a client), `result` (its result must be tested), `raises` (stops the caller
    /// itself), `init` (initialised once at start-up), `context` (a `with` block), `argument` (a value given to a call),
    /// `exempt` (a decorator that takes a handler out), `catches` (a function of the program, at one of `exports` of the object
    /// at `value`, that runs around the calls that `sees` names, as `by`: it protects where it answers for their failure),
    /// `cuts` (a function of the program, at `value`: it protects where it gives a cut list, or one under one of `exports`).
    /// `needs` lists argument conditions that must hold (`traces_sample_rate`, `autoLogging != false`); `unless` lists
    /// ones that switch it off; `role = "kept"` where it lasts as long as its result is kept, `"imported"` where importing it
    /// is enough; `sees` begins the names of the calls that it sees, where these are of one library only. For `A1` `timeout` is a setting of it; for `A2` `bounded`, `exponential`, `attempts` and `errors` are, and `value` names a function that answers when no attempt has succeeded;
    /// for `A3` `value` is what is asked instead: all that is set must hold there too; with `role = "first"` the first of them
    /// is the model itself;
    /// for `C1` `shared` and, as `keys`, the settings of the application that tell
    /// of a shared store, and as `input` the argument paths of the function that tells whom it counts (also
    /// `library.function(path)`): where that gives a new name to each request it limits nobody. Of a class that is listed or derived from, `value` is where settings hold how often it lets
    /// through: its last part is the `scope` of the class, where that has no `rate` and no `scope` of its own; `by` is the
    /// field of a view that names it instead, for views without it lets all through; with `how = "init"` `by` is the module of
    /// the middleware through which it works, and which must stand in front. `exports` names the methods that must
    /// raise, or go on to others of the object, where a class has ones of its own; `method != true` is one that must not
    /// always say so. With `role = "unanswered"` it sees what nobody has answered: where a `router` with
    /// `role = "answers"` answers what its handlers raise, nothing unless the program reports to its library. With `role = "object"` what it answers, once it is awaited, is an object whose fields tell: that it is there says
    /// nothing. With `role = "no-error"` what it raises is no `Error`: a handler that ends for these only goes on.
    /// With `role = "requeue"` it runs the function again in which it is
    /// called, after the wait in `value`.
    Guard,
    /// A read of an environment variable: `variable` is its argument path (`[]` for an index), `default` that of the
    /// default, `raises = true` where a missing variable is an error; `files` and `keys` tell in which settings the platform
    /// is asked for what it hands over under a name (a store): that is no variable. With `role = "process"` it is the
    /// environment of the process itself: a variable may be written in small letters there.
    Environment,
    /// A base class whose fields without a default are required environment variables, checked when it is instantiated
    /// (`default` is the annotation of fields that have a default without one being written); or a function that checks an
    /// environment object against a schema (`how = "parse"`, or `"result"` where its result must be tested): `value` is
    /// the argument path of the environment, `keys` those of the schema (also of a function that is given the environment),
    /// or `files` names the template whose keys are required; `role = "optional"` where a key is optional unless its
    /// description says `required`; `role = "arguments"` for what a class derives to be filled from a command line, whose
    /// fields may name variables (`env`).
    EnvironmentSchema,
    /// A call that loads a `.env` file, or a module that does when it is imported; `role = "framework"` where a framework
    /// loads it for what it brings, `role = "dependency"` where it does wherever a project depends on the package.
    LoadsEnvironmentFile,
    /// An operation on a store (database, cache, file): `does` is `get`, `set`, `claim` (set if absent), `count` (increment),
    /// `append`, `delete`, `many` (loads rows), `tally` (how many there are), `expire`, `results` (answers what was queued on
    /// its object), `commit` (sends what was added to its object before), `script` (what the commands do that the text in
    /// `value` calls), `define` (gives such a text the name at `#0`, by which it is called then), `procedure` (what the function
    /// of the database does whose name is at `value`). Where an argument is a statement in SQL, its text tells instead.
    /// `errors` names the parts of the answer that tell that it has failed, and nothing else. `bound` names the argument or chained call that limits how many; with a `*` for the
    /// field of a row that holds rows of another table, how many of these.
    /// `claim` needs the arguments in `needs` where the name alone does not tell; `role = "promise"` where it answers with
    /// a promise that has to be awaited, `"items"` for a field of a row that holds rows of another table, where these are
    /// taken one by one, `"new"` where it answers with how many of what is at `value` were not there before, `"before"`
    /// where it answers with what was there under the key before.
    Store,
    /// A call that does nothing before what it gives is awaited (a coroutine, a future). With `keys` what is called on
    /// what it gives is only queued, until one of the methods that they name is called (a pipeline).
    Lazy,
    /// A call that writes a log line; `level` is `debug`, `info`, `warning`, `error` or `exception` (with stack). With
    /// `role = "fields"` it writes none: what it is given stands in the lines that follow it, or in those of its block.
    Log,
    /// A clock read.
    Clock,
    /// The path under which the program itself is served: what is asked for behind it is asked of the program.
    Prefix,
    /// A call whose result was never there before (a random identifier): what is kept under it is found by no later request.
    Fresh,
    /// A call that makes or sends an error response or raises one: `status` is the argument path of the status code, or `always = true`;
    /// `raises = true` where the call throws by itself (`notFound()`); with `role = "answered"` it is an error that the
    /// framework answers itself: a handler for all errors is not told of it; with `role = "asserts"` it raises unless what
    /// is at `#0` holds.
    Reject,
    /// A call that sends an answer whatever the status is told elsewhere, or a member that is the answer: `ctx.body = text`.
    Respond,
    /// A sleep: `seconds` is its argument path, `unit` its unit; with `role = "promise"` nobody waits unless it is
    /// awaited. `ended_by` names the function that stops a timer before its time (`clearTimeout`).
    Sleep,
    /// A length of time as an object: `value` is the argument path of the total, `unit` its unit; connect-only
    /// settings must not be named. `value = "#0[]"` takes the shortest item of a list. `ended_by` names the method of the
    /// same object that ends it when a timer (a `sleep`) calls it (`abort`): then the timer's length is the value.
    /// `bounded = false`: it looks like a length of time and is none (a signal that the client has gone).
    Duration,
    /// A limit that a schema puts on a field: `limit` is the argument path of its greatest length; without it the field
    /// is no free text at all (a number, a choice, an identifier). It limits a text; with `role = "count"` the items of a
    /// list, with `"both"` what it stands on, with `"all"` every text of the class that it stands in. With `role = "nested"` it is no limit, but what a field needs
    /// whose own fields are to be looked at, with `"typed"` what tells their class; with `"pattern"` what is at `limit` is a
    /// regular expression, and it limits where all that this matches ends. With `"converted"` it stands on a class whose one
    /// text is made, where `limit` is given, by its own method `by`, which bounds it; with `"unsent"` it is no limit: the
    /// field is not sent with its object; with `"indexed"` it is a type that is given its limit in brackets, at `limit`
    /// behind the type of the field (`Range[str, 1, 200]`: `#2`); with `"whole"` a class to derive from, whose own method `by`
    /// is given all fields and may refuse them. `how = "validator"` where it holds only behind a `validator`, `by` where it
    /// holds only where a method of this name is called (`.validate`); with `needs` only where they hold. With
    /// `how = "function"` what is at `limit` is a function that bounds the text, where it asks how long it is or cuts it,
    /// or an object with a method `by` that does; with `how = "raising"` it bounds it only where it raises.
    /// With `path` it stands in front of a handler, for the field of the request that is named there.
    TextLimit,
    /// Something in front of a handler that holds what comes in against its schema: against the declared types of the
    /// handler's parameters, or against the schema at `value`, for the part of the request that `path` names. With
    /// `how = "result"` it is a call that tells what was found in front: what refuses by it makes that hold. With
    /// `how = "reads"` it gives what was held against the schema, or by the function, at `value`; with `how = "by-name"` the
    /// parameters of the handler are the fields of the schema; with `how = "tells"` it only answers with what does not fit,
    /// and what refuses by that makes it hold. `keys` is the way to it in what the handler is given (`input`).
    Validator,
    /// A function that counts tokens or characters of its argument.
    Measure,
    /// A function that gives a number or a truth value, whatever it is given: no text comes out of it. With `role = "tells"`
    /// it holds for such a thing only: what refuses all else bounds what it asks about.
    Number,
    /// A function that cuts its argument (to a length, to tokens, to the last messages); with `needs` only where they hold,
    /// with `role = "part"` one that takes so much each time: in a loop it takes all; with `role = "removes"` it tells which
    /// of what is kept goes.
    Trim,
    /// A function that puts what a step gives together with what is kept, instead of replacing that; or, with `keys`, what
    /// has parts with these names that are kept so: a class of a state, or a call that makes something with one.
    Merge,
    /// What a model will be asked with, made before the call (a template): `input` names the arguments that hold its texts.
    Prompt,
    /// A memory that keeps a conversation: `bounded = true` where it is windowed by default, else `bound` names the argument.
    /// With `value` it is kept by a provider, and a call goes on with it that is given its name there. `keys` are the argument
    /// paths at which a call names the conversation: one under a name that is new each time begins anew. With
    /// `role = "client"` its client adds to it, and `bound` names the field of the class that says how many are kept; with
    /// `role = "process"` it ends with its object, with `role = "assigned"` it is assigned to that member. What a call is
    /// given at `value` may be a memory itself. `input` names the arguments with the turns that it begins with, `exports` its
    /// members that hold the turns: one that is assigned a part of them is cut. With `needs` and `unless` it is one only
    /// where they hold.
    Memory,
    /// A message to people who operate the service: own notifiers are recognised by it. `value` is the argument path of the
    /// recipient where such a message may also be an answer: one that the request chooses is no operator; with
    /// `role = "promise"` it has to be awaited, or is never sent; with `role = "report"` it reports to a tracker, and reaches
    /// nobody where that is not initialised. Of a class that settings list among the handlers of log
    /// lines `value` is the setting with the recipients.
    Notify,
    /// A key of a settings file that protects: `files` as globs, `keys` as a pattern over the key path (`*`, `**`),
    /// `protects` as in `guard`, `value` a word that the value must hold (a command), or `~ {error,fail}` one of several texts in it, `scope = "pattern"` where the key path
    /// holds a pattern of files, `scope = "project"` where it holds for all of the project whose module `files` names, `handler` the key path of the functions that it holds for (the same `*`): they and what
    /// they load. With `needs` only where one of these keys stands there too, or in a file of the same sort beside or below.
    Platform,
    /// A key of a settings file that tells that several processes answer, or that none lives long: `files` and `keys` as in
    /// `platform`, `value` a regular expression over the values of these keys; without it any value but a one.
    Scaled,
    /// A name that tells where the program runs: `value` says whether it holds where the program is deployed (`"false"` for
    /// one that holds in development). With `exports` it names one of several runtimes, and `value` is the one in which
    /// files are served that export no other one by that name, or under that dotted way.
    Deployed,
    /// A function that runs the function it is given later or elsewhere (a task, a queue): what it runs outlives its caller.
    /// `value` tells what a method of the function itself gives it: its own arguments (`#*`), or the list at an argument
    /// path, with `keys` for an object of what is given by name; or what each parameter of the function at `handler` is
    /// given, as a row of argument paths (`[_, #2]`). What is registered as an entry point runs its handler. With
    /// `role = "named"` what is at `handler` is the name of a task.
    Spawn,
    /// A member of a library's object that a module of settings gives a value to: `files` are the globs of these modules,
    /// `value` is the dotted way to the value; without it the member's own name is its name there. With `role = "holder"`
    /// it is an object that holds under its keys what the program gives to it (`app.config["TIMEOUT"]`). `by` is a call that
    /// hands it something while it runs a function, with the argument path of that in parentheses: `lib.Settings.with(#0)`.
    Setting,
    /// A field with which a row points to one of another table, whose class is at `value`: that one has the rows that point
    /// to it under the name at one of `keys`, else under that of their class with `_set`. `by` is the member of their
    /// class by which rows are asked for.
    Relation,
    /// A setting that lists what a clock starts (`conf.beat_schedule`): `keys` are the keys under which each item names the
    /// function; or a call that is given the function at `handler`.
    Timetable,
    /// A call that puts something into a queue of the process, at `value`; with `role = "take"` one that takes out of such
    /// a queue what goes on there.
    Queue,
    /// A call that starts a file of the program as a worker of its own: `handler` is the way to the file, or a list of jobs
    /// that have it under one of `keys`, and `path` the folder in which they lie. What the file listens for comes from who
    /// starts it; one that listens for nothing is an entry point as a whole, of the kind `entry`.
    Worker,
    /// A function that calls the function at `handler` with the further arguments that it is given, and gives what that
    /// returns (`to_thread(f, x)` is `f(x)`). `role = "later"` where its own result is another one (`submit`), `"repeated"`
    /// where it may call it several times (`Retrying()(f, x)`), `"each"` where it calls it with each item of the lists
    /// (`pool.map(f, items)`), `"bound"`
    /// where it gives the function back with these arguments bound (`partial(f, x)(y)` is `f(x, y)`), `"at-once"` where it
    /// gives it arguments of its own, `receives`, and has run it when it returns (`new Promise(f)`): using the result runs
    /// nothing more, and what it raises the call raises.
    /// `"nothing"` where it runs no function of those that it is given (it looks at the keys of a table), `"kept"` where only
    /// using what it makes runs them, `"listener"` where
    /// it runs the function each time that something comes, with what `receives` tells, `"answers"` where it raises nothing
    /// of what fails in it: its result tells. With `"methods"` `names` are also those of classes to derive from: it runs
    /// the method that is named by `handler` of those that do, with what `receives` tells. With `"made"` it runs the
    /// function at `handler` of the call that made its object (`new Breaker(f).fire(x)` is `f(x)`).
    /// With `"on-failure"` it runs the function each time that a request has failed, and goes on with what that gives.
    /// `value` is a row of argument paths as of `spawn`, where the arguments stand otherwise than behind the function.
    /// A method of `builtins.object()` is that of any object of which nothing else is known.
    Runs,
    /// A class of the request: parameters annotated with it are the request itself, not text of the user; `keys` are its
    /// members that say nothing of what is asked (who asks, what the server has). Or a call that brings what a user writes
    /// (the fields of a page). With `role = "command"` it is what stands behind the command that
    /// started the program: text of a user where the entry point is a command. There `keys` names what declares a part of it, by
    /// name; where one of `unless` holds for that, the part is no free text (a number, a choice). What is written there is
    /// also kept by what `by` names (the state of the page), under the name at `value`.
    Request,
    /// What tells who asks: a call that brings the session, the signed-in user or the headers of a request, or a name for
    /// it. What is kept under a part of it is kept for each caller.
    Caller,
    /// A class or schema base whose fields describe a request body. With `role = "each"` it takes what one of several
    /// schemas takes. `keys` are members of its objects that hold what came in as it came.
    Schema,
    /// A server run by a command or call that imports the application instead of running its main block.
    Server,
    /// An error by which a store says that a unique row was there already: `names` are its classes or its codes.
    Conflict,
    /// An error that a library raises by itself when calls to a model have gone well (a guardrail refuses, there were too
    /// many rounds), or by which a provider says that the request itself is at fault: who catches it has not caught the failure of a call. With `sees` that holds only for calls whose names
    /// begin so: errors of one vendor's client, or of another one that sends requests, are never raised by theirs; with
    /// `role = "deadline"` only where no deadline stands around the call that raises them.
    OwnError,
    /// A call that takes money (`role = "create"`), or that reads what a payment provider reports (`role = "notice"`).
    Payment,
}

/// What a kind is called in a file, and which keys it has.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    pub kind: Kind,
    pub name: &'static str,
    /// Without these the fact says nothing.
    pub needed: &'static [&'static str],
    pub further: &'static [&'static str],
}

/// Keys that facts of every kind have.
pub const COMMON: [&str; 3] = ["is", "source", "versions"];

const fn keys(
    kind: Kind,
    name: &'static str,
    needed: &'static [&'static str],
    further: &'static [&'static str],
) -> Keys {
    Keys { kind, name, needed, further }
}

/// All kinds, in the order in which they are declared.
pub const KINDS: [Keys; 54] = [
    keys(Kind::Client, "client", &["names"], &["as", "needs", "unless", "timeout", "retry", "output", "role"]),
    keys(
        Kind::Call,
        "call",
        &["names", "calls"],
        &["input", "needs", "unless", "timeout", "retry", "output", "effect", "raises", "handlers", "errors", "keys"],
    ),
    keys(Kind::Same, "same", &["names"], &["value", "timeout", "retry", "output", "errors", "role"]),
    keys(Kind::Compose, "compose", &["names", "as"], &["needs", "unless", "timeout", "retry", "output", "value"]),
    keys(Kind::Endpoint, "endpoint", &["hosts", "calls"], &["input", "output", "replies", "effect", "needs", "unless"]),
    keys(Kind::Http, "http", &["names"], &["url", "timeout", "retry", "raises", "exports", "replies"]),
    keys(
        Kind::Route,
        "route",
        &["names", "entry"],
        &["public", "handler", "path", "method", "exports", "guards", "receives", "role", "by", "keys", "needs"],
    ),
    keys(Kind::Router, "router", &["names"], &["guards", "handlers", "path", "role", "unless", "value"]),
    keys(
        Kind::Mount,
        "mount",
        &["names"],
        &["handler", "path", "guards", "order", "parameters", "receives", "role", "scope", "value"],
    ),
    keys(
        Kind::Middleware,
        "middleware",
        &["names"],
        &[
            "handler",
            "entry",
            "guards",
            "method",
            "order",
            "parameters",
            "receives",
            "needs",
            "unless",
            "role",
            "scope",
            "keys",
            "value",
        ],
    ),
    keys(
        Kind::ErrorHandler,
        "error-handler",
        &["names"],
        &["handler", "parameters", "receives", "order", "needs", "scope", "role", "value"],
    ),
    keys(Kind::Inject, "inject", &["names"], &["handler", "value", "keys"]),
    keys(Kind::Provide, "provide", &["names"], &["value", "role", "as", "keys"]),
    keys(
        Kind::Convention,
        "convention",
        &["files", "exports"],
        &[
            "entry", "public", "role", "guards", "handler", "path", "receives", "scope", "keys", "needs", "protects",
            "value",
        ],
    ),
    keys(
        Kind::Guard,
        "guard",
        &["names", "protects", "how"],
        &[
            "role",
            "needs",
            "unless",
            "timeout",
            "bounded",
            "exponential",
            "attempts",
            "errors",
            "shared",
            "keys",
            "sees",
            "by",
            "value",
            "exports",
            "input",
            "method",
            "passes",
        ],
    ),
    keys(Kind::Environment, "environment", &["names"], &["variable", "default", "raises", "files", "keys", "role"]),
    keys(
        Kind::EnvironmentSchema,
        "environment-schema",
        &["names"],
        &["default", "how", "value", "keys", "files", "role", "needs", "unless"],
    ),
    keys(Kind::LoadsEnvironmentFile, "loads-environment-file", &["names"], &["needs", "unless", "role"]),
    keys(Kind::Store, "store", &["names", "does"], &["bound", "value", "needs", "role", "unless", "errors"]),
    keys(Kind::Lazy, "lazy", &["names"], &["keys"]),
    keys(Kind::Log, "log", &["names", "level"], &["needs", "role"]),
    keys(Kind::Clock, "clock", &["names"], &[]),
    keys(Kind::Prefix, "prefix", &["names"], &[]),
    keys(Kind::Fresh, "fresh", &["names"], &[]),
    keys(Kind::Reject, "reject", &["names"], &["status", "always", "raises", "role"]),
    keys(Kind::Respond, "respond", &["names"], &[]),
    keys(Kind::Sleep, "sleep", &["names", "seconds"], &["unit", "role", "ended_by"]),
    keys(Kind::Duration, "duration", &["names"], &["value", "unit", "ended_by", "bounded"]),
    keys(Kind::TextLimit, "text-limit", &["names"], &["limit", "how", "role", "by", "needs", "path"]),
    keys(Kind::Validator, "validator", &["names"], &["value", "path", "how", "keys"]),
    keys(Kind::Measure, "measure", &["names"], &[]),
    keys(Kind::Number, "number", &["names"], &["role"]),
    keys(Kind::Trim, "trim", &["names"], &["needs", "role"]),
    keys(Kind::Merge, "merge", &["names"], &["keys"]),
    keys(Kind::Prompt, "prompt", &["names", "input"], &[]),
    keys(
        Kind::Memory,
        "memory",
        &["names"],
        &["bounded", "bound", "value", "keys", "input", "exports", "role", "needs", "unless"],
    ),
    keys(Kind::Notify, "notify", &[], &["names", "hosts", "value", "needs", "role"]),
    keys(Kind::Platform, "platform", &["files", "keys", "protects"], &["value", "unit", "scope", "handler", "needs"]),
    keys(Kind::Scaled, "scaled", &["files", "keys"], &["value"]),
    keys(Kind::Deployed, "deployed", &["names", "value"], &["exports"]),
    keys(Kind::Spawn, "spawn", &["names"], &["handler", "value", "keys", "role"]),
    keys(Kind::Setting, "setting", &["names"], &["files", "value", "role", "by"]),
    keys(Kind::Relation, "relation", &["names", "value", "keys"], &["by"]),
    keys(Kind::Timetable, "timetable", &["names"], &["keys", "handler"]),
    keys(Kind::Queue, "queue", &["names"], &["value", "role"]),
    keys(Kind::Worker, "worker", &["names", "handler", "entry"], &["keys", "path"]),
    keys(Kind::Runs, "runs", &["names", "handler"], &["role", "receives", "value"]),
    keys(Kind::Request, "request", &["names"], &["role", "keys", "unless", "value", "by"]),
    keys(Kind::Caller, "caller", &["names"], &[]),
    keys(Kind::Schema, "schema", &["names"], &["role", "keys"]),
    keys(Kind::Server, "server", &["names"], &[]),
    keys(Kind::Conflict, "conflict", &["names"], &[]),
    keys(Kind::OwnError, "own-error", &["names"], &["sees", "role"]),
    keys(Kind::Payment, "payment", &["names", "role"], &[]),
];

impl Kind {
    /// What it is called in a file, and its keys.
    pub fn keys(self) -> &'static Keys {
        KINDS.iter().find(|keys| keys.kind == self).unwrap_or(&KINDS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_keys() {
        for keys in KINDS {
            let read: Result<Kind, _> = toml::Value::String(keys.name.to_owned()).try_into();
            assert_eq!(read.ok(), Some(keys.kind), "{}", keys.name);
            assert_eq!(keys.kind.keys().name, keys.name);
        }
    }
}
